//! Migrations that are not scripts.

use diesel::MysqlConnection;
use diesel::connection::{BoxableConnection, SimpleConnection};
use diesel::migration::{
    Migration, MigrationMetadata, MigrationName, MigrationSource, MigrationVersion, Result,
};
use diesel::mysql::Mysql;
use diesel_migrations::MigrationHarness;
use zosc::Event;

use crate::bed::Bed;
use crate::mysqld::Database;

/// Speaks to one type of connection only.
struct Typed;

impl MigrationSource<Mysql> for Typed {
    fn migrations(&self) -> Result<Vec<Box<dyn Migration<Mysql>>>> {
        Ok(vec![Box::new(Self)])
    }
}

impl Migration<Mysql> for Typed {
    fn run(&self, conn: &mut dyn BoxableConnection<Mysql>) -> Result<()> {
        let conn = conn.downcast_mut::<MysqlConnection>().ok_or("another connection")?;
        Ok(conn.batch_execute("CREATE TABLE t (id INT PRIMARY KEY); ALTER TABLE t ADD a INT")?)
    }

    fn revert(&self, _: &mut dyn BoxableConnection<Mysql>) -> Result<()> {
        Ok(())
    }

    fn metadata(&self) -> &dyn MigrationMetadata {
        self
    }

    fn name(&self) -> &dyn MigrationName {
        self
    }
}

impl MigrationMetadata for Typed {}

impl MigrationName for Typed {
    fn version(&self) -> MigrationVersion<'_> {
        "1".into()
    }
}

impl std::fmt::Display for Typed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("1_typed")
    }
}

#[test]
fn one_that_is_not_sql_runs_plainly_with_a_warning() {
    let bed = Bed::made(Database::Mysql, "typed");
    let mut conn = bed.connection();
    conn.run_pending_migrations(bed.online(Typed, bed.options())).unwrap();
    let heard = bed.heard();
    let [Event::Warning { code, message, .. }] = &heard[..] else { panic!("{heard:?}") };
    assert_eq!(code, "not_sql");
    assert!(message.contains("1_typed"), "{message}");
    assert_eq!(bed.versions(), ["1"]);
    assert_eq!(bed.values("COUNT(a)", "t"), ["0"]);
}
