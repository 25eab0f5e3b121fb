//! One column as `information_schema.columns` describes it.

/// How a generated column is generated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub enum Generated {
    /// A base column: its value is stored and can be written.
    No,
    /// Computed on read.
    Virtual,
    /// Computed on write.
    Stored,
}

/// `DATA_TYPE` as a closed set: what copy, keys and verify must tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[allow(missing_docs)] // the server's own names
pub enum TypeName {
    TinyInt,
    SmallInt,
    MediumInt,
    Int,
    BigInt,
    Decimal,
    Float,
    Double,
    Bit,
    Year,
    Date,
    Time,
    DateTime,
    Timestamp,
    Char,
    VarChar,
    /// `tinytext`, `text`, `mediumtext`, `longtext`.
    Text,
    Binary,
    VarBinary,
    /// `tinyblob`, `blob`, `mediumblob`, `longblob`.
    Blob,
    Enum,
    Set,
    Json,
    /// Every spatial type.
    Geometry,
    /// A type that this zosc does not know by name (such as a new server's): copied by the server,
    /// never a key.
    Other,
}

impl TypeName {
    /// From `information_schema.columns.DATA_TYPE`.
    pub fn parse(data_type: &str) -> Self {
        match data_type.to_ascii_lowercase().as_str() {
            "tinyint" => Self::TinyInt,
            "smallint" => Self::SmallInt,
            "mediumint" => Self::MediumInt,
            "int" | "integer" => Self::Int,
            "bigint" => Self::BigInt,
            "decimal" | "numeric" => Self::Decimal,
            "float" => Self::Float,
            "double" | "real" => Self::Double,
            "bit" => Self::Bit,
            "year" => Self::Year,
            "date" => Self::Date,
            "time" => Self::Time,
            "datetime" => Self::DateTime,
            "timestamp" => Self::Timestamp,
            "char" => Self::Char,
            "varchar" => Self::VarChar,
            "tinytext" | "text" | "mediumtext" | "longtext" => Self::Text,
            "binary" => Self::Binary,
            "varbinary" => Self::VarBinary,
            "tinyblob" | "blob" | "mediumblob" | "longblob" => Self::Blob,
            "enum" => Self::Enum,
            "set" => Self::Set,
            "json" => Self::Json,
            "geometry" | "point" | "linestring" | "polygon" | "multipoint" | "multilinestring"
            | "multipolygon" | "geomcollection" | "geometrycollection" => Self::Geometry,
            _ => Self::Other,
        }
    }

    /// Whole numbers of any width (not `YEAR`, not `BIT`).
    pub fn is_integer(self) -> bool {
        matches!(self, Self::TinyInt | Self::SmallInt | Self::MediumInt | Self::Int | Self::BigInt)
    }
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[allow(clippy::struct_excessive_bools)] // facts of the catalogue, independent of each other
pub struct Column {
    /// Its name, unquoted.
    pub name: String,
    /// Position in the table from 0, invisible columns and generated primary keys included:
    /// the index that row events use.
    pub position: usize,
    /// Its type's family.
    pub type_name: TypeName,
    /// The whole type as the server writes it, such as `int unsigned` or `enum('a','b')`.
    pub column_type: String,
    /// Whether NULL is allowed.
    pub nullable: bool,
    /// Whether the number is unsigned.
    pub unsigned: bool,
    /// Maximum length in bytes (`CHARACTER_OCTET_LENGTH`), for strings.
    pub octets: Option<u64>,
    /// Maximum length in characters, for strings.
    pub chars: Option<u64>,
    /// Precision of a number.
    pub precision: Option<u64>,
    /// Digits after the point.
    pub scale: Option<u64>,
    /// Fractional second digits.
    pub fsp: Option<u64>,
    /// Character set, for text (not for binary strings).
    pub charset: Option<String>,
    /// Collation, for text.
    pub collation: Option<String>,
    /// Whether and how it is generated.
    pub generated: Generated,
    /// The generation expression, empty for base columns.
    pub expression: String,
    /// Hidden from `SELECT *`.
    pub invisible: bool,
    /// Has `AUTO_INCREMENT`.
    pub auto_increment: bool,
    /// The default: a literal's value without quotes, or an expression; `None` is no default or NULL.
    pub default: Option<String>,
    /// Whether the default is an expression, computed for each row.
    pub computed_default: bool,
    /// `EXTRA`, as the server prints it.
    pub extra: String,
    /// The column's comment.
    pub comment: String,
}
