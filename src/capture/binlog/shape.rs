//! What the log must say of the original's columns if the table is still as it was planned.

use super::image::{Layout, Wire};
use super::rows::KeyReader;
use super::table_map::{Described, TableMap, code};
use crate::error::{Error, Result};
use crate::schema::{Column, KeyShape, PartType, Table, TypeName};

/// The position of `token` in the journal's fence table `(run, slot, token)`.
const TOKEN: usize = 2;

/// How to read the original's keys; an error if its table map is not as planned.
pub(super) fn original(
    map: &TableMap<'_>,
    planned: &Table,
    key: &KeyShape,
) -> Result<(Layout, KeyReader)> {
    let described = map.describe()?;
    if described.len() != planned.columns.len() {
        let counts = format!("{} columns, {} were planned", described.len(), planned.columns.len());
        return Err(differs(planned, &counts));
    }
    for column in &planned.columns {
        let found = described.get(column.position);
        if !found.is_some_and(|found| agrees(column, *found)) {
            let what = format!("column `{}` is no longer `{}`", column.name, column.column_type);
            return Err(differs(planned, &what));
        }
    }
    let wires = described.iter().copied().map(Described::wire).collect::<Result<Vec<Wire>>>()?;
    let mut parts = Vec::new();
    for column in &key.columns {
        let planned_column = planned.columns.iter().find(|known| known.position == column.position);
        let wire = wires.get(column.position);
        let (Some(known), Some(wire)) = (planned_column, wire) else {
            return Err(differs(planned, &format!("key column `{}` is missing", column.name)));
        };
        if !fits(&column.part, *wire) {
            let what = format!("key column `{}` cannot be read as planned", column.name);
            return Err(differs(planned, &what));
        }
        let zerofill = known.column_type.contains("zerofill");
        parts.push((column.name.clone(), column.part.clone(), zerofill));
    }
    let json_columns = described.iter().filter(|column| column.code == code::JSON).count();
    let wanted: Vec<usize> = key.columns.iter().map(|column| column.position).collect();
    Ok((Layout::new(&wires, json_columns, &wanted), KeyReader { parts }))
}

/// Refuses what no row image of the table can be read for.
pub(super) fn check(planned: &Table) -> Result<()> {
    /// How MariaDB marks a column with the format that it had before it took over MySQL's.
    const OLD_FORMAT: &str = "/* mariadb-5.3 */";
    let is_old = |column: &&Column| column.column_type.ends_with(OLD_FORMAT);
    let Some(column) = planned.columns.iter().find(is_old) else { return Ok(()) };
    Err(Error::not_ready(
        "old_temporal_format",
        format!(
            "column `{}` of {} has an old format, which the binary log does not describe: `{}`",
            column.name,
            planned.name.plain(),
            column.column_type
        ),
    )
    .hint("capture by triggers")
    .hint("rebuild the table first with `ALTER TABLE … FORCE` under `mysql56_temporal_format=ON`"))
}

/// How to read the tokens of the fence table.
pub(super) fn fence(map: &TableMap<'_>) -> Result<Layout> {
    let wires = map.describe()?.into_iter().map(Described::wire).collect::<Result<Vec<Wire>>>()?;
    if wires.get(TOKEN) != Some(&Wire::Fixed(8)) {
        return Err(Error::failed(
            "fence_table_differs",
            "the journal's fence table is not as this zosc made it",
        ));
    }
    Ok(Layout::new(&wires, 0, &[TOKEN]))
}

fn differs(planned: &Table, what: &str) -> Error {
    Error::failed(
        "table_map_differs",
        format!("{} is not the table that was planned: {what}", planned.name.plain()),
    )
    .hint("another session changed the table; start afresh with a new plan")
}

/// Whether the log describes the column as the catalogue did when the plan was made.
fn agrees(planned: &Column, found: Described) -> bool {
    let sign = found
        .unsigned
        .is_none_or(|unsigned| found.code == code::YEAR || unsigned == planned.unsigned);
    let same = match planned.type_name {
        // One or two bytes and more, by the number of members, which nobody needs to count.
        TypeName::Enum => found.code == code::ENUM,
        TypeName::Set => found.code == code::SET,
        // Only skipped: that its wire is known is enough.
        TypeName::Other => found.wire().is_ok(),
        _ => expected(planned) == Some((found.code, found.meta)),
    };
    same && sign && found.nullable == planned.nullable
}

/// The type's code and metadata, where they follow from the catalogue.
fn expected(column: &Column) -> Option<(u8, u16)> {
    let octets = || u16::try_from(column.octets?).ok();
    let fsp = || u16::try_from(column.fsp.unwrap_or(0)).ok();
    Some(match column.type_name {
        TypeName::TinyInt => (code::TINY, 0),
        TypeName::SmallInt => (code::SHORT, 0),
        TypeName::MediumInt => (code::INT24, 0),
        TypeName::Int => (code::LONG, 0),
        TypeName::BigInt => (code::LONGLONG, 0),
        TypeName::Float => (code::FLOAT, 4),
        TypeName::Double => (code::DOUBLE, 8),
        TypeName::Decimal => {
            let precision = u8::try_from(column.precision?).ok()?;
            let scale = u8::try_from(column.scale.unwrap_or(0)).ok()?;
            (code::NEWDECIMAL, u16::from_be_bytes([precision, scale]))
        }
        TypeName::Bit => {
            let bits = u8::try_from(column.precision?).ok()?;
            (code::BIT, u16::from_be_bytes([bits % 8, bits / 8]))
        }
        TypeName::Year => (code::YEAR, 0),
        TypeName::Date => (code::DATE, 0),
        TypeName::Time => (code::TIME2, fsp()?),
        TypeName::DateTime => (code::DATETIME2, fsp()?),
        TypeName::Timestamp => (code::TIMESTAMP2, fsp()?),
        TypeName::Char | TypeName::Binary => (code::STRING, octets()?),
        // A compressed value has one byte more.
        TypeName::VarChar | TypeName::VarBinary if is_compressed(column) => {
            (code::VARCHAR_COMPRESSED, octets()?.checked_add(1)?)
        }
        TypeName::VarChar | TypeName::VarBinary => (code::VARCHAR, octets()?),
        TypeName::Text | TypeName::Blob if is_compressed(column) => {
            (code::BLOB_COMPRESSED, blob_prefix(&column.column_type))
        }
        TypeName::Text | TypeName::Blob => (code::BLOB, blob_prefix(&column.column_type)),
        TypeName::Json => (code::JSON, 4),
        TypeName::Geometry => (code::GEOMETRY, 4),
        TypeName::Enum | TypeName::Set | TypeName::Other => return None,
    })
}

/// Whether MariaDB compresses the column's values: then it says so in a comment of its type.
fn is_compressed(column: &Column) -> bool {
    column.column_type.ends_with(" COMPRESSED*/")
}

/// Bytes of a blob's length by its type's name.
fn blob_prefix(column_type: &str) -> u16 {
    match column_type.get(..1) {
        Some("t") if column_type.starts_with("tiny") => 1,
        Some("m") => 3,
        Some("l") => 4,
        _ => 2,
    }
}

/// Whether values of that spelling can lie so in a row image.
fn fits(part: &PartType, wire: Wire) -> bool {
    match part {
        PartType::Integer { bytes, .. } => wire == Wire::Fixed(usize::from(*bytes)),
        PartType::Year => wire == Wire::Fixed(1),
        PartType::Enum => matches!(wire, Wire::Fixed(1 | 2)),
        PartType::Bit => matches!(wire, Wire::Fixed(1..=8)),
        PartType::Decimal { precision, scale } => {
            wire == Wire::Fixed(super::decimal::size(*precision, *scale))
        }
        PartType::Date => wire == Wire::Fixed(3),
        PartType::Time { fsp } => wire == temporal(3, *fsp),
        PartType::DateTime { fsp } => wire == temporal(5, *fsp),
        PartType::Timestamp { fsp } => wire == temporal(4, *fsp),
        PartType::Text { .. } | PartType::VarBinary | PartType::Binary { .. } => {
            matches!(wire, Wire::Prefixed(1 | 2))
        }
    }
}

fn temporal(whole: usize, fsp: u8) -> Wire {
    Wire::Fixed(whole + super::temporal::fraction_size(fsp))
}
