//! Which column may be part of a key, and what an ALTER may do to it meanwhile.

use crate::schema::{Column, Generated, PartType, TypeName};

/// How the values of a key column are spelled, or why it cannot be part of a key.
pub(super) fn part_type(column: &Column) -> Result<PartType, String> {
    PartType::of(column).ok_or_else(|| {
        let why = match column.type_name {
            TypeName::Float | TypeName::Double => {
                "is a floating point number, which has no exact spelling"
            }
            TypeName::Set => "is a SET",
            TypeName::Json => "is JSON",
            TypeName::Geometry => "is spatial",
            TypeName::Text | TypeName::Blob => "is a TEXT or BLOB",
            TypeName::Char | TypeName::VarChar => "has no known character set",
            _ => "has a type that zosc does not know",
        };
        format!("column `{}` {why}", column.name)
    })
}

/// Whether a key's values stay the same row's on both sides: the conversion keeps different values
/// different (or fails), and a literal of the old type finds the new value through the index.
pub(super) fn keeps_identity(old: &Column, new: &Column) -> Result<(), String> {
    if old.generated != Generated::No {
        let same = old.generated == new.generated && old.expression == new.expression;
        if old.generated == Generated::Virtual || !(same || new.generated == Generated::No) {
            return Err(format!("column `{}` is generated", old.name));
        }
    } else if new.generated != Generated::No {
        return Err(format!("column `{}` becomes a generated column", old.name));
    }
    let (from, to) = (part_type(old)?, part_type(new)?);
    let safe = match (&from, &to) {
        // What does not fit is an error in strict mode, so different numbers stay different.
        (PartType::Integer { .. }, PartType::Integer { .. })
        | (PartType::Year, PartType::Year)
        | (PartType::Date, PartType::Date) => true,
        (PartType::Bit, PartType::Bit) => new.precision >= old.precision,
        (PartType::Enum, PartType::Enum) => {
            old.charset == new.charset && is_appended(&old.column_type, &new.column_type)
        }
        (
            PartType::Decimal { precision, scale },
            PartType::Decimal { precision: new_precision, scale: new_scale },
        ) => {
            let whole = precision.saturating_sub(*scale);
            new_scale >= scale && new_precision.saturating_sub(*new_scale) >= whole
        }
        (PartType::Time { fsp }, PartType::Time { fsp: more })
        | (PartType::DateTime { fsp }, PartType::DateTime { fsp: more })
        | (PartType::Timestamp { fsp }, PartType::Timestamp { fsp: more }) => more >= fsp,
        (PartType::Text { charset, .. }, PartType::Text { charset: wider, .. }) => {
            let padded = new.type_name == TypeName::Char && old.type_name != TypeName::Char;
            !padded && new.chars >= old.chars && holds(wider, charset)
        }
        (PartType::VarBinary | PartType::Binary { .. }, PartType::VarBinary) => {
            new.octets >= old.octets
        }
        (PartType::Binary { length }, PartType::Binary { length: same }) => length == same,
        _ => false,
    };
    if safe {
        return Ok(());
    }
    Err(format!(
        "column `{}` changes from `{}` to `{}`, so its values may no longer name the same rows",
        old.name, old.column_type, new.column_type
    ))
}

/// Whether the character set has every character of another one, so that the server converts the
/// literal and not the column.
fn holds(wider: &str, charset: &str) -> bool {
    wider == charset
        || wider == "utf8mb4"
        || charset == "ascii" && matches!(wider, "latin1" | "utf8mb3" | "utf8")
}

/// Whether the old members are the first of the new ones, in the same order.
fn is_appended(old: &str, new: &str) -> bool {
    let members = |of: &str| of.trim_end_matches(')').to_owned();
    let (old, new) = (members(old), members(new));
    new == old || new.starts_with(&format!("{old},"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::testing::{column, varchar};

    fn of(type_name: TypeName, column_type: &str) -> Column {
        Column { type_name, column_type: column_type.into(), ..column("k") }
    }

    fn decimal(precision: u64, scale: u64) -> Column {
        Column {
            precision: Some(precision),
            scale: Some(scale),
            ..of(TypeName::Decimal, "decimal")
        }
    }

    #[test]
    fn injective_changes_are_accepted() {
        let latin = varchar("k", 10, "latin1_swedish_ci");
        for (old, new) in [
            (column("k"), of(TypeName::BigInt, "bigint")),
            (latin.clone(), varchar("k", 10, "utf8mb4_bin")),
            (latin.clone(), varchar("k", 20, "latin1_bin")),
            (decimal(5, 2), decimal(7, 3)),
            (of(TypeName::Enum, "enum('a','b')"), of(TypeName::Enum, "enum('a','b','c')")),
        ] {
            keeps_identity(&old, &new).unwrap();
        }
    }

    #[test]
    fn others_are_not() {
        let utf8 = varchar("k", 10, "utf8mb4_bin");
        let char_type = Column { type_name: TypeName::Char, ..utf8.clone() };
        let generated = Column { generated: Generated::Stored, ..column("k") };
        for (old, new) in [
            (utf8.clone(), varchar("k", 10, "latin1_bin")),
            (utf8.clone(), varchar("k", 9, "utf8mb4_bin")),
            (utf8.clone(), char_type),
            (utf8, column("k")),
            (decimal(5, 2), decimal(5, 3)),
            (decimal(5, 2), decimal(6, 1)),
            (of(TypeName::Enum, "enum('a','b')"), of(TypeName::Enum, "enum('b','a')")),
            (of(TypeName::Enum, "enum('a','b')"), of(TypeName::Enum, "enum('a','bc')")),
            (column("k"), generated),
            (of(TypeName::Float, "float"), of(TypeName::Float, "float")),
        ] {
            keeps_identity(&old, &new).unwrap_err();
        }
    }
}
