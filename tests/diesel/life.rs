//! The life of a schema: up, down, up again, as without zosc.

use diesel::migration::MigrationSource;
use diesel::mysql::Mysql;
use diesel_migrations::{
    EmbeddedMigrations, FileBasedMigrations, MigrationHarness, embed_migrations,
};
use zosc::Event;

use crate::bed::Bed;
use crate::mysqld::Database;

const EMBEDDED: EmbeddedMigrations = embed_migrations!("migrations");

const VERSIONS: [&str; 3] = ["20260101000001", "20260101000002", "20260101000003"];

fn files() -> FileBasedMigrations {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
    FileBasedMigrations::from_path(folder).unwrap()
}

/// How many changes were made since this was asked last.
fn changes(bed: &Bed) -> usize {
    let heard = bed.heard();
    let granted =
        |event: &&Event| matches!(event, Event::Swap { outcome, .. } if outcome == "granted");
    heard.iter().filter(granted).count()
}

/// Goes up, down and up again; each time the schema is that of plain migrations.
fn live<S, H>(bed: &Bed, plain: &Bed, source: impl Fn() -> S, harness: &mut H)
where
    S: MigrationSource<Mysql>,
    H: MigrationHarness<Mysql>,
{
    let online = || bed.online(source(), bed.options());
    let mut plainly = plain.connection();
    let twin = || plain.online(source(), plain.options()).plain(true);

    assert_eq!(harness.run_pending_migrations(online()).unwrap().len(), 3);
    plainly.run_pending_migrations(twin()).unwrap();
    assert_eq!((bed.versions(), changes(bed)), (VERSIONS.map(str::to_owned).to_vec(), 2));
    assert_eq!(bed.posts(), plain.posts());
    assert_eq!(bed.values("note", "posts"), plain.values("note", "posts"));
    assert!(!harness.has_pending_migration(online()).unwrap());

    for _ in 0..2 {
        harness.revert_last_migration(online()).unwrap();
        plainly.revert_last_migration(twin()).unwrap();
    }
    // The comment is taken back by a copy, too.
    assert_eq!((bed.versions(), changes(bed)), (vec![VERSIONS[0].to_owned()], 3));
    assert_eq!(bed.posts(), plain.posts());

    // What was taken back is really made again.
    assert_eq!(harness.run_pending_migrations(online()).unwrap().len(), 2);
    plainly.run_pending_migrations(twin()).unwrap();
    assert_eq!((bed.versions().len(), changes(bed)), (3, 2));
    assert_eq!(bed.posts(), plain.posts());

    assert_eq!(harness.revert_all_migrations(online()).unwrap().len(), 3);
    assert_eq!(bed.versions(), Vec::<String>::new());
    assert_eq!(plain.heard(), []);
}

// What goes wrong is played on the other two pairs.

#[test]
fn files_over_the_c_library_on_mariadb() {
    let bed = Bed::made(Database::Mariadb, "life_a");
    let plain = Bed::made(Database::Mariadb, "life_a_plain");
    live(&bed, &plain, files, &mut bed.connection());
}

#[tokio::test(flavor = "multi_thread")]
async fn embedded_over_diesel_async_on_mysql() {
    let bed = Bed::made(Database::Mysql, "life_b");
    let plain = Bed::made(Database::Mysql, "life_b_plain");
    live(&bed, &plain, || EMBEDDED, &mut bed.harness().await);
}
