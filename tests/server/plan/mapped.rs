//! Which columns go where, and by which key; and that the statement which carries them works.

use zosc::request::Request;
use zosc::schema::{Mapping, TableName};

use super::ground::Ground;
use crate::support::each::on_both;
use crate::support::mysqld::Database;

fn pairs(mapping: &Mapping) -> Vec<(&str, &str)> {
    let pair =
        |pair: &'_ zosc::schema::ColumnPair| (pair.original.name.clone(), pair.shadow.name.clone());
    mapping.columns.iter().map(pair).map(|(a, b)| (leak(a), leak(b))).collect()
}

fn leak(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

/// Builds the new shape as `n` and carries all rows over.
async fn carried(ground: &mut Ground, table: &str, sql: &str, mapping: &Mapping) {
    let (from, to) = (ground.table(table), ground.table("n"));
    let statement = ground.request(table, sql).statement;
    for sql in [
        format!("DROP TABLE IF EXISTS {to}"),
        format!("CREATE TABLE {to} LIKE {from}"),
        statement.on(&to),
        mapping.carry(&from, &to, "TRUE"),
    ] {
        ground.session.run(sql).await.unwrap();
    }
}

async fn names_renames_swaps_and_new_columns(database: Database) {
    let mut ground = Ground::laid_in(
        database,
        "plan_columns",
        &["CREATE TABLE t (id INT PRIMARY KEY, a INT, b INT, h INT INVISIBLE, \
           g INT AS (a + 1) STORED, c INT)"],
    )
    .await;
    for (sql, expected) in [
        (
            "ADD COLUMN x INT FIRST",
            vec![("id", "id"), ("a", "a"), ("b", "b"), ("h", "h"), ("c", "c")],
        ),
        (
            "DROP COLUMN g, RENAME COLUMN a TO b, RENAME COLUMN b TO a, CHANGE c d BIGINT FIRST",
            vec![("c", "d"), ("id", "id"), ("a", "b"), ("b", "a"), ("h", "h")],
        ),
        (
            "DROP COLUMN c, ADD COLUMN c INT DEFAULT 3",
            vec![("id", "id"), ("a", "a"), ("b", "b"), ("h", "h")],
        ),
        (
            "MODIFY g INT",
            vec![("id", "id"), ("a", "a"), ("b", "b"), ("h", "h"), ("g", "g"), ("c", "c")],
        ),
        ("MODIFY c INT AS (b * 2) STORED", vec![("id", "id"), ("a", "a"), ("b", "b"), ("h", "h")]),
    ] {
        let (copy, _) = ground.copy("t", sql).await;
        assert_eq!(pairs(&copy.mapping), expected, "{sql}");
        carried(&mut ground, "t", sql, &copy.mapping).await;
    }
    ground.gone().await;
}

#[tokio::test]
async fn a_generated_primary_key_is_carried() {
    let database = Database::Mysql;
    let mut ground = Ground::laid_in(
        database,
        "plan_gipk",
        &[
            "SET SESSION sql_generate_invisible_primary_key = ON",
            "CREATE TABLE t (a INT)",
            "SET SESSION sql_generate_invisible_primary_key = OFF",
        ],
    )
    .await;
    let (copy, _) = ground.copy("t", "ADD COLUMN c INT").await;
    assert_eq!(pairs(&copy.mapping), [("my_row_id", "my_row_id"), ("a", "a")]);
    assert_eq!(copy.mapping.key.columns[0].name, "my_row_id");
    ground.gone().await;
}

async fn the_best_shared_key_is_chosen(database: Database) {
    let mut ground = Ground::laid_in(database, "plan_keys",
        &["CREATE TABLE t (s VARCHAR(20) NOT NULL, n INT NOT NULL, a INT NOT NULL, b INT NOT NULL, \
           maybe INT, f FLOAT NOT NULL, PRIMARY KEY (s), UNIQUE KEY ab (a, b), UNIQUE KEY n (n), \
           UNIQUE KEY maybe (maybe), UNIQUE KEY f (f), UNIQUE KEY hidden (b) INVISIBLE)"],
    )
    .await;
    for (sql, key, shadow_key, column) in [
        ("ADD COLUMN c INT", "PRIMARY", "PRIMARY", "s"),
        ("MODIFY s VARCHAR(40) CHARACTER SET utf8mb4 NOT NULL", "PRIMARY", "PRIMARY", "s"),
        ("DROP PRIMARY KEY, ADD PRIMARY KEY (n)", "n", "n", "n"),
        ("DROP PRIMARY KEY, DROP KEY n, ADD PRIMARY KEY (n)", "n", "PRIMARY", "n"),
        ("MODIFY s VARCHAR(10) NOT NULL", "n", "n", "n"),
        ("MODIFY s INT NOT NULL, CHANGE n m BIGINT NOT NULL", "n", "n", "m"),
        ("DROP COLUMN s, DROP KEY n", "ab", "ab", "a"),
    ] {
        let (copy, _) = ground.copy("t", sql).await;
        let shape = &copy.mapping.key;
        assert_eq!(
            (
                shape.index.as_str(),
                shape.shadow_index.as_str(),
                shape.columns[0].shadow_name.as_str()
            ),
            (key, shadow_key, column),
            "{sql}"
        );
    }
    let error =
        ground.refusal("t", "DROP PRIMARY KEY, DROP KEY n, DROP KEY ab, ADD COLUMN c INT").await;
    assert_eq!(error.code, "no_usable_key");
    for reason in ["allows NULL", "floating point", "invisible"] {
        assert!(error.message.contains(reason), "{}", error.message);
    }
    ground.gone().await;
}

/// A plain ALTER gives existing rows the zero of each type; so does the copy.
async fn new_columns_without_default_get_what_a_plain_alter_gives(database: Database) {
    let mut types = vec![
        "BIGINT UNSIGNED",
        "DECIMAL(10,2)",
        "FLOAT",
        "DOUBLE",
        "BIT(3)",
        "YEAR",
        "TIME(3)",
        "TIMESTAMP",
        "TIMESTAMP(3)",
        "CHAR(3)",
        "VARCHAR(5)",
        "TEXT",
        "BINARY(3)",
        "VARBINARY(3)",
        "BLOB",
        "ENUM('x','y')",
        "SET('x','y')",
    ];
    types.extend(database.either(vec!["JSON"], vec!["UUID", "INET4", "INET6"]));
    let mut ground = Ground::laid_in(
        database,
        "plan_fills",
        &[
            "CREATE TABLE t (id INT PRIMARY KEY)",
            "INSERT INTO t VALUES (1), (2)",
            "CREATE TABLE twin LIKE t",
            "INSERT INTO twin SELECT * FROM t",
        ],
    )
    .await;
    let clauses: Vec<String> = types
        .iter()
        .enumerate()
        .map(|(number, column_type)| format!("ADD COLUMN c{number} {column_type} NOT NULL"))
        .collect();
    let sql = clauses.join(", ");
    let (copy, findings) = ground.copy("t", &sql).await;
    assert_eq!(copy.mapping.fills.len(), types.len());
    assert!(findings.iter().all(|it| ["no-default", "durability"].contains(&it.rule)));
    carried(&mut ground, "t", &sql, &copy.mapping).await;
    let twin: TableName = ground.table("twin");
    ground.session.run(format!("ALTER TABLE {twin} {sql}")).await.unwrap();
    let differing: u64 = ground
        .session
        .one("SELECT COUNT(*) FROM (SELECT * FROM n UNION SELECT * FROM twin) both_of_them")
        .await
        .unwrap();
    assert_eq!(differing, 2, "the rows are not the same in both");

    // MariaDB takes zero dates by default, but no empty text for JSON.
    let without = database.either(vec!["DATE", "DATETIME(3)", "POINT"], vec!["JSON", "POINT"]);
    for column_type in without {
        let sql = format!("ADD COLUMN c {column_type} NOT NULL");
        let request = Request { copy: true, ..ground.request("t", &sql) };
        let plan = ground.try_draw(&request).await.unwrap();
        assert_eq!(plan.accepted(&request).unwrap_err().code, "no-default", "{sql}");
    }
    ground.gone().await;
}

on_both!(
    names_renames_swaps_and_new_columns,
    the_best_shared_key_is_chosen,
    new_columns_without_default_get_what_a_plain_alter_gives,
);
