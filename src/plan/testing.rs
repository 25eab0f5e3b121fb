//! Tables made by hand, for the tests of this room.

use crate::schema::{Column, Generated, Index, IndexColumn, Table, TableName, TypeName};

/// An `int NOT NULL` column.
pub(super) fn column(name: &str) -> Column {
    Column {
        name: name.to_owned(),
        position: 0,
        type_name: TypeName::Int,
        column_type: "int".to_owned(),
        nullable: false,
        unsigned: false,
        octets: None,
        chars: None,
        precision: Some(10),
        scale: Some(0),
        fsp: None,
        charset: None,
        collation: None,
        generated: Generated::No,
        expression: String::new(),
        invisible: false,
        auto_increment: false,
        default: None,
        computed_default: false,
        extra: String::new(),
        comment: String::new(),
    }
}

/// A `varchar(chars)` column.
pub(super) fn varchar(name: &str, chars: u64, collation: &str) -> Column {
    Column {
        type_name: TypeName::VarChar,
        column_type: format!("varchar({chars})"),
        chars: Some(chars),
        octets: Some(chars * 4),
        precision: None,
        scale: None,
        charset: collation.split('_').next().map(str::to_owned),
        collation: Some(collation.to_owned()),
        ..column(name)
    }
}

/// A visible BTREE index over whole columns.
pub(super) fn unique(name: &str, columns: &[&str]) -> Index {
    let part = |name: &&str| IndexColumn { column: Some((*name).to_owned()), prefix: None };
    Index {
        name: name.to_owned(),
        unique: true,
        visible: true,
        index_type: "BTREE".to_owned(),
        columns: columns.iter().map(part).collect(),
    }
}

/// A table of `int NOT NULL` columns without indexes.
pub(super) fn table(columns: &[&str]) -> Table {
    let mut columns: Vec<Column> = columns.iter().map(|name| column(name)).collect();
    for (position, column) in columns.iter_mut().enumerate() {
        column.position = position;
    }
    Table {
        name: TableName::new("d", "t"),
        engine: "InnoDB".to_owned(),
        partitioned: false,
        comment: String::new(),
        columns,
        indexes: Vec::new(),
        foreign_keys: Vec::new(),
        referenced_by: Vec::new(),
        triggers: Vec::new(),
        checks: Vec::new(),
        definition: String::new(),
        rows_estimate: 0,
        bytes_estimate: 0,
    }
}
