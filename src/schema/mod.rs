//! Facts about tables. Pure but for `read`, which asks the server.

mod column;
mod definition;
mod difference;
mod identity;
mod key;
mod mapping;
mod names;
mod pair;
mod part;
pub mod read;
mod spelling;
mod table;
mod trigger;
mod weight;

pub use column::{Column, Generated, TypeName};
pub(crate) use definition::{behind_columns, has_period, with_option};
pub(crate) use difference::{constraint_name, difference};
pub use identity::{Stored, comment, exists, referred_to, row_versions, stored, table_id};
pub use key::{Key, KeyColumn, KeyPart, KeyShape, PartType, Side, forced};
pub use mapping::{ColumnPair, Fill, Mapping};
pub use names::{Firing, Helper, MARK, TableName, quote, stable_hash};
pub use pair::Pair;
pub use spelling::hex;
pub(crate) use table::same_name;
pub use table::{Check, ForeignKey, Index, IndexColumn, Table};
pub use trigger::Trigger;
pub use weight::portions;
