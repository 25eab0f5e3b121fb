//! Columns and indexes.

use mysql_async::Row;

use super::{default, field, is_table};
use crate::error::Result;
use crate::mysql::{Flavour, Session};
use crate::schema::{Column, Generated, Index, IndexColumn, TableName, TypeName};

pub(super) async fn columns(session: &mut Session, name: &TableName) -> Result<Vec<Column>> {
    let rows: Vec<Row> = session
        .rows(format!(
            "SELECT column_name AS name, data_type AS type_name, column_type AS full_type, \
             is_nullable = 'YES' AS nullable, character_octet_length AS octets, \
             character_maximum_length AS chars, numeric_precision AS digits, \
             numeric_scale AS scale, datetime_precision AS fsp, character_set_name AS cs, \
             collation_name AS coll, COALESCE(generation_expression, '') AS expression, \
             column_default AS value, extra AS extra, column_comment AS comment \
             FROM information_schema.columns WHERE {} ORDER BY ordinal_position",
            is_table("table_schema", "table_name", name)
        ))
        .await?;
    let flavour = session.flavour();
    rows.into_iter().enumerate().map(|(position, row)| column(flavour, position, row)).collect()
}

fn column(flavour: Flavour, position: usize, mut row: Row) -> Result<Column> {
    let row = &mut row;
    let extra: String = field(row, "extra")?;
    let column_type: String = field(row, "full_type")?;
    let has = |word: &str| extra.to_ascii_uppercase().contains(word);
    let precision: Option<u64> = field(row, "digits")?;
    let default = default::read(flavour, field(row, "value")?, &extra);
    Ok(Column {
        name: field(row, "name")?,
        position,
        type_name: TypeName::parse(&field::<String>(row, "type_name")?),
        nullable: field(row, "nullable")?,
        // Only of numbers: a member of an ENUM may be spelled like anything.
        unsigned: precision.is_some() && column_type.contains(" unsigned"),
        octets: field(row, "octets")?,
        chars: field(row, "chars")?,
        precision,
        scale: field(row, "scale")?,
        fsp: field(row, "fsp")?,
        charset: field(row, "cs")?,
        collation: field(row, "coll")?,
        generated: if has("VIRTUAL GENERATED") {
            Generated::Virtual
        } else if has("STORED GENERATED") {
            Generated::Stored
        } else {
            Generated::No
        },
        expression: field(row, "expression")?,
        invisible: has("INVISIBLE"),
        auto_increment: has("AUTO_INCREMENT"),
        computed_default: default.computed,
        default: default.value,
        comment: field(row, "comment")?,
        column_type,
        extra,
    })
}

pub(super) async fn indexes(session: &mut Session, name: &TableName) -> Result<Vec<Index>> {
    let visible = match session.flavour() {
        Flavour::Mysql => "is_visible = 'YES'",
        Flavour::Mariadb => "ignored = 'NO'",
    };
    let rows: Vec<Row> = session
        .rows(format!(
            "SELECT index_name AS name, non_unique = 0 AS is_unique, column_name AS col, \
             sub_part AS prefix, index_type AS kind, {visible} AS visible \
             FROM information_schema.statistics WHERE {} \
             ORDER BY index_name <> 'PRIMARY', index_name, seq_in_index",
            is_table("table_schema", "table_name", name)
        ))
        .await?;
    let mut indexes: Vec<Index> = Vec::new();
    for mut row in rows {
        let row = &mut row;
        let name: String = field(row, "name")?;
        let column = IndexColumn { column: field(row, "col")?, prefix: field(row, "prefix")? };
        match indexes.last_mut() {
            Some(index) if index.name == name => index.columns.push(column),
            _ => indexes.push(Index {
                name,
                unique: field(row, "is_unique")?,
                visible: field(row, "visible")?,
                index_type: field(row, "kind")?,
                columns: vec![column],
            }),
        }
    }
    Ok(indexes)
}
