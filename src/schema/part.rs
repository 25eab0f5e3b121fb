//! How a column's values are spelled in a key.

use super::{Column, Generated, KeyColumn, PartType, TypeName};

impl PartType {
    /// The spelling of a column's values; `None` when the type can be no part of a key that names
    /// rows.
    pub fn of(column: &Column) -> Option<Self> {
        let small = |number: Option<u64>| u8::try_from(number.unwrap_or(0)).ok();
        let integer = |bytes| Self::Integer { unsigned: column.unsigned, bytes };
        Some(match column.type_name {
            TypeName::TinyInt => integer(1),
            TypeName::SmallInt => integer(2),
            TypeName::MediumInt => integer(3),
            TypeName::Int => integer(4),
            TypeName::BigInt => integer(8),
            TypeName::Decimal => {
                Self::Decimal { precision: small(column.precision)?, scale: small(column.scale)? }
            }
            TypeName::Bit => Self::Bit,
            TypeName::Year => Self::Year,
            TypeName::Enum => Self::Enum,
            TypeName::Date => Self::Date,
            TypeName::Time => Self::Time { fsp: small(column.fsp)? },
            TypeName::DateTime => Self::DateTime { fsp: small(column.fsp)? },
            TypeName::Timestamp => Self::Timestamp { fsp: small(column.fsp)? },
            TypeName::Char | TypeName::VarChar => Self::Text {
                charset: column.charset.clone()?,
                collation: column.collation.clone()?,
            },
            TypeName::VarBinary => Self::VarBinary,
            TypeName::Binary => Self::Binary { length: usize::try_from(column.octets?).ok()? },
            TypeName::Float
            | TypeName::Double
            | TypeName::Text
            | TypeName::Blob
            | TypeName::Set
            | TypeName::Json
            | TypeName::Geometry
            | TypeName::Other => return None,
        })
    }
}

impl KeyColumn {
    /// As much of the original's column as the key tells, for a column that both tables compute.
    pub fn as_column(&self) -> Column {
        let (charset, collation) = match &self.part {
            PartType::Text { charset, collation } => {
                (Some(charset.clone()), Some(collation.clone()))
            }
            _ => (None, None),
        };
        Column {
            name: self.name.clone(),
            position: self.position,
            type_name: self.type_name(),
            column_type: String::new(),
            nullable: false,
            unsigned: matches!(self.part, PartType::Integer { unsigned: true, .. }),
            octets: None,
            chars: None,
            precision: None,
            scale: None,
            fsp: None,
            charset,
            collation,
            generated: Generated::Stored,
            expression: String::new(),
            invisible: false,
            auto_increment: false,
            default: None,
            computed_default: false,
            extra: String::new(),
            comment: String::new(),
        }
    }

    fn type_name(&self) -> TypeName {
        match self.part {
            PartType::Integer { .. } => TypeName::BigInt,
            PartType::Year => TypeName::Year,
            PartType::Bit => TypeName::Bit,
            PartType::Enum => TypeName::Enum,
            PartType::Decimal { .. } => TypeName::Decimal,
            PartType::Date => TypeName::Date,
            PartType::Time { .. } => TypeName::Time,
            PartType::DateTime { .. } => TypeName::DateTime,
            PartType::Timestamp { .. } => TypeName::Timestamp,
            PartType::Text { .. } => TypeName::VarChar,
            PartType::VarBinary => TypeName::VarBinary,
            PartType::Binary { .. } => TypeName::Binary,
        }
    }
}
