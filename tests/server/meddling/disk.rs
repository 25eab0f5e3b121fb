//! The server's disk has no room for the copy.

use crate::support::address::Address;
use crate::support::ground::{Ground, PATIENCE};
use crate::support::mysqld::Mysqld;
use crate::support::place::{Place, played};

played! {
    with_binlog: it_is_full_for_a_while;
}

/// Five megabytes more than the table has.
const ALTER: &str = "ADD COLUMN c CHAR(250) NOT NULL DEFAULT ''";

const MEGABYTE: &str = "INSERT INTO filler VALUES (REPEAT('x', 1000000))";

/// What is made new, which is the copy and what takes its room, is in a file of the server's that
/// may not grow for ever. The application has room of its own.
async fn it_is_full_for_a_while(place: Place) {
    let mut args = vec!["--innodb-data-file-path=ibdata1:12M:autoextend:max:20M"];
    if place.database.is_mariadb() {
        // Else the application could not undo what it does.
        args.push("--innodb-undo-tablespaces=2");
    }
    let server = Mysqld::start(place.database, &args);
    let ground = Ground::with_a_big_table_at(Address::of(&server), "meddle_disk", place).await;
    ground.run(&["CREATE TABLE small (id INT PRIMARY KEY)"]).await;
    let first = ground.start("small", ALTER, &[]).wait(PATIENCE);
    assert_eq!(first.code, 0, "there is no journal yet: {first:#?}");
    ground.run(&["SET GLOBAL innodb_file_per_table = 0"]).await;
    ground.run(&["CREATE TABLE filler (v LONGBLOB)"]).await;
    ground.run(&[MEGABYTE; 6]).await;

    let mut running = ground.start("big", ALTER, &["--allow=table-options"]);
    let mut was_full = false;
    while running.is_running() {
        ground.run(&["UPDATE big SET v = 'meanwhile' WHERE id = 1"]).await;
        if !was_full && running.has_said("__zosc_shadow' is full") {
            ground.run(&["DROP TABLE filler"]).await;
            was_full = true;
        }
    }
    let ran = running.wait(PATIENCE);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(was_full, "it was never full, or did not say so: {ran:#?}");
    let rows = "SELECT CONCAT_WS(' ', COUNT(*), SUM(v = 'meanwhile')) FROM big";
    assert_eq!(ground.column(rows).await, ["20000 1"]);
}
