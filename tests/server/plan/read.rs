//! What the catalogue says of a table.

use zosc::schema::{Generated, TypeName, read};

use super::ground::Ground;
use crate::support::each::on_both;
use crate::support::mysqld::Database;

async fn a_table_is_read_as_it_is(database: Database) {
    let mut ground = Ground::laid_in(
        database,
        "plan_read",
        &[
            "CREATE TABLE parents (id INT PRIMARY KEY)",
            "CREATE TABLE `Od``d é` (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT, \
             name VARCHAR(20) CHARACTER SET latin1 COLLATE latin1_german1_ci NOT NULL DEFAULT 'x', \
             price DECIMAL(10,2), at DATETIME(3) DEFAULT NOW(3), hidden INT INVISIBLE DEFAULT 5, \
             twice INT AS (hidden * 2), upper VARCHAR(20) AS (UPPER(name)) STORED, \
             e ENUM('a unsigned b','c'), parent INT, bits BIT(9), PRIMARY KEY (id), \
             UNIQUE KEY prefix (name(4)), KEY price (price) INVISIBLE, \
             FULLTEXT KEY words (name), CONSTRAINT positive CHECK (price > 0), \
             CONSTRAINT parent FOREIGN KEY (parent) REFERENCES parents (id)) \
             AUTO_INCREMENT=77 COMMENT='an AUTO_INCREMENT=5 table'",
            database.either("ALTER TABLE `Od``d é` ADD KEY fn ((price + 1))", "DO 0"),
            "CREATE TRIGGER audit BEFORE INSERT ON `Od``d é` FOR EACH ROW SET NEW.price = 1",
        ],
    )
    .await;
    let name = ground.table("Od`d é");
    let table = read::table(&mut ground.session, &name).await.unwrap().unwrap();
    assert_eq!((table.engine.as_str(), table.partitioned), ("InnoDB", false));
    assert_eq!(table.comment, "an AUTO_INCREMENT=5 table");
    assert!(table.definition.contains("COMMENT='an AUTO_INCREMENT=5 table'"));
    assert!(!table.definition.contains("AUTO_INCREMENT=77"));
    let next = read::auto_increment(&mut ground.session, &name).await.unwrap();
    assert_eq!(next, Some(77));

    let column = |name: &str| table.column(name).unwrap();
    assert!(column("id").unsigned && column("id").auto_increment && !column("id").nullable);
    assert_eq!(column("name").type_name, TypeName::VarChar);
    assert_eq!(column("name").charset.as_deref(), Some("latin1"));
    assert_eq!(column("name").collation.as_deref(), Some("latin1_german1_ci"));
    assert_eq!((column("name").chars, column("name").octets), (Some(20), Some(20)));
    assert_eq!(column("name").default.as_deref(), Some("x"));
    assert_eq!((column("price").precision, column("price").scale), (Some(10), Some(2)));
    assert_eq!(column("at").fsp, Some(3));
    assert!(column("hidden").invisible && column("hidden").position == 4);
    assert_eq!(column("twice").generated, Generated::Virtual);
    assert_eq!(column("upper").generated, Generated::Stored);
    assert!(!column("e").unsigned);
    assert_eq!(column("bits").precision, Some(9));

    let index = |name: &str| table.index(name).unwrap();
    assert_eq!(table.indexes[0].name, "PRIMARY");
    assert_eq!(index("prefix").columns[0].prefix, Some(4));
    assert!(!index("price").visible && !index("price").unique);
    if database.is_mysql() {
        assert_eq!(index("fn").columns[0].column, None);
    }
    assert_eq!(index("words").index_type, "FULLTEXT");

    assert_eq!(table.foreign_keys[0].parent, ground.table("parents"));
    assert_eq!(table.triggers[0].name, "audit");
    assert_eq!(table.checks[0].name, "positive");
    let parents = ground.table("parents");
    let parents = read::table(&mut ground.session, &parents).await.unwrap().unwrap();
    assert_eq!(parents.referenced_by[0].child, name);
    ground.gone().await;
}

async fn what_is_not_there_or_no_table(database: Database) {
    let mut ground = Ground::laid_in(
        database,
        "plan_read_none",
        &["CREATE TABLE t (id INT PRIMARY KEY)", "CREATE VIEW v AS SELECT id FROM t"],
    )
    .await;
    let (missing, view) = (ground.table("missing"), ground.table("v"));
    assert!(read::table(&mut ground.session, &missing).await.unwrap().is_none());
    assert_eq!(read::auto_increment(&mut ground.session, &missing).await.unwrap(), None);
    let error = read::table(&mut ground.session, &view).await.unwrap_err();
    assert_eq!(error.code, "not_a_base_table");
    ground.gone().await;
}

on_both!(a_table_is_read_as_it_is, what_is_not_there_or_no_table,);
