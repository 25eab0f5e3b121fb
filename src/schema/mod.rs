//! Facts about tables. Pure but for `read`, which asks the server.

mod column;
mod definition;
mod identity;
mod key;
mod mapping;
mod names;
mod pair;
mod part;
pub mod read;
mod spelling;
mod table;

pub use column::{Column, Generated, TypeName};
pub(crate) use definition::{behind_columns, with_option};
pub use identity::{comment, exists, row_versions, table_id};
pub use key::{Key, KeyColumn, KeyPart, KeyShape, PartType, Side, forced};
pub use mapping::{ColumnPair, Fill, Mapping};
pub use names::{Helper, MARK, TableName, quote, stable_hash};
pub use pair::Pair;
pub use spelling::hex;
pub(crate) use table::same_name;
pub use table::{Check, ForeignKey, Index, IndexColumn, Table, Trigger};
