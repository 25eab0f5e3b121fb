//! Verification while the application writes.

use super::stage::{Stage, differs, key, run};
use crate::support::each::on_both;
use crate::support::mysqld::Database;

const ROWS: &str = "INSERT INTO t WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n \
                    WHERE i < 900) SELECT i * 2, i, REPEAT('x', i % 50) FROM n";
const TABLE: &str = "CREATE TABLE t (id INT PRIMARY KEY, n INT, c VARCHAR(99))";

async fn equal_tables_pass(database: Database) {
    let mut stage =
        Stage::set(database, "verify_equal", &[TABLE, ROWS], "MODIFY n BIGINT", "PRIMARY").await;
    assert_eq!(stage.verify_after("").await.unwrap().rows(), 900);
}

async fn a_row_that_the_copy_lacks_is_named(database: Database) {
    let mut stage = Stage::set(database, "verify_missing", &[TABLE, ROWS], "", "PRIMARY").await;
    let mischief = "DELETE FROM t__zosc_shadow WHERE id IN (500, 1800)";
    let said = differs(stage.verify_after(mischief).await);
    // Ranges are compared side by side: whichever comes first is named.
    let named = said.contains("(id=500)") || said.contains("(id=1800)");
    assert!(named && said.contains("the copy lacks it"), "{said}");
}

async fn a_row_too_many_is_named(database: Database) {
    for (schema, id) in
        [("verify_extra_low", -5), ("verify_extra", 501), ("verify_extra_high", 9999)]
    {
        let mut stage = Stage::set(database, schema, &[TABLE, ROWS], "", "PRIMARY").await;
        let mischief = format!("INSERT INTO t__zosc_shadow VALUES ({id}, 0, '')");
        let said = differs(stage.verify_after(&mischief).await);
        assert!(said.contains(&format!("(id={id})")), "{said}");
        assert!(said.contains("the original has no such row"), "{said}");
    }
}

async fn a_row_too_many_does_not_make_up_for_one_too_few(database: Database) {
    let mut stage = Stage::set(database, "verify_swapped", &[TABLE, ROWS], "", "PRIMARY").await;
    let mischief = "UPDATE t__zosc_shadow SET id = 501 WHERE id = 500";
    let said = differs(stage.verify_after(mischief).await);
    assert!(said.contains("(id=500)") && said.contains("(id=501)"), "{said}");
}

async fn changed_rows_are_no_difference(database: Database) {
    let mut stage =
        Stage::set(database, "verify_changed", &[TABLE, ROWS], "MODIFY n BIGINT", "PRIMARY").await;
    let copied = stage.copy().await;
    let (means, pair, carrier) = (stage.means.clone(), stage.pair.clone(), stage.carrier().clone());
    let verifying =
        tokio::spawn(async move { zosc::verify::tables(&means, &pair, &carrier, copied).await });
    let mut writes = 0;
    while !verifying.is_finished() || writes < 50 {
        let id = 2 * (writes * 37 % 900 + 1);
        stage.write(&format!("UPDATE t SET n = n + 1 WHERE id = {id}"), &[id]).await;
        let new = 1001 + 2 * writes;
        stage.write(&format!("INSERT INTO t VALUES ({new}, 1, 'new')"), &[new]).await;
        stage
            .write(
                &format!("UPDATE t SET id = id + 100000 WHERE id = {new}"),
                &[new, new + 100_000],
            )
            .await;
        stage.write(&format!("DELETE FROM t WHERE id = {id}"), &[id]).await;
        writes += 1;
    }
    let mut verified = verifying.await.unwrap().unwrap();
    verified.keep_up(stage.carrier()).await.unwrap();
    stage.carrier().settle().await.unwrap();
    stage.under_lock(&mut verified).await.unwrap();
    stage.write("INSERT INTO t VALUES (7, 1, 'last')", &[7]).await;
    stage.carrier().settle().await.unwrap();
    stage.under_lock(&mut verified).await.unwrap();
    run(&mut stage.session, "UPDATE t__zosc_shadow SET c = 'LAST' WHERE id = 7").await;
    differs(stage.under_lock(&mut verified).await);
}

async fn many_dirty_rows_are_compared_before_the_lock(database: Database) {
    let mut stage = Stage::set(database, "verify_dirty", &[TABLE, ROWS], "", "PRIMARY").await;
    let more = "INSERT INTO t SELECT id + 10000, n, c FROM t";
    stage.write(more, &[]).await;
    let mut verified = stage.verify_after("").await.unwrap();
    let keys = stage.keys().await;
    assert_eq!(keys.len(), 1800);
    stage.deliver(keys).await;
    verified.keep_up(stage.carrier()).await.unwrap();
    // What was compared again is dirty no longer: a stray write to it is the application's to make.
    run(&mut stage.session, "DELETE FROM t__zosc_shadow WHERE id = 2").await;
    stage.under_lock(&mut verified).await.unwrap();
    stage.deliver(vec![key(4)]).await;
    stage.carrier().settle().await.unwrap();
    run(&mut stage.session, "DELETE FROM t__zosc_shadow WHERE id = 4").await;
    let said = differs(stage.under_lock(&mut verified).await);
    assert!(said.contains("(id=4)"), "{said}");
}

async fn an_unknown_change_is_found(database: Database) {
    let mut stage = Stage::set(database, "verify_unknown", &[TABLE, ROWS], "", "PRIMARY").await;
    let copied = stage.copy().await;
    run(&mut stage.session, "UPDATE t SET c = CONCAT(c, ' ') WHERE id = 4").await;
    let compared = zosc::verify::tables(&stage.means, &stage.pair, stage.carrier(), copied).await;
    let said = differs(compared);
    assert!(
        said.contains("1 row(s)") && said.contains("(id=4)") && said.contains("in c"),
        "{said}"
    );
}

on_both!(
    equal_tables_pass,
    a_row_that_the_copy_lacks_is_named,
    a_row_too_many_is_named,
    a_row_too_many_does_not_make_up_for_one_too_few,
    changed_rows_are_no_difference,
    many_dirty_rows_are_compared_before_the_lock,
    an_unknown_change_is_found
);
