//! A schema, and both kinds of connections to it.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use diesel::connection::SimpleConnection;
use diesel::migration::{Migration, MigrationVersion, Result as Done};
use diesel::mysql::Mysql;
use diesel::{Connection, MysqlConnection};
use diesel_async::{AsyncConnection, AsyncMigrationHarness, AsyncMysqlConnection};
use diesel_migrations::{FileBasedMigrations, MigrationHarness};
use tempfile::TempDir;
use zosc::diesel::Online;
use zosc::mysql::{Login, Server};
use zosc::{Event, Options};

use crate::mysqld::{Database, shared_url};

pub struct Bed {
    pub server: String,
    pub schema: &'static str,
    heard: Arc<Mutex<Vec<Event>>>,
}

impl Bed {
    /// An empty schema of this name.
    pub fn made(database: Database, schema: &'static str) -> Self {
        let bed = Self { server: shared_url(database), schema, heard: Arc::default() };
        let create = format!("CREATE DATABASE {schema} CHARACTER SET utf8mb4");
        bed.run_in("mysql", &[&format!("DROP DATABASE IF EXISTS {schema}"), &create]);
        bed
    }

    pub fn url(&self) -> String {
        format!("{}{}", self.server, self.schema)
    }

    /// By copy, in small steps.
    pub fn options(&self) -> Options {
        let options = Options::from_url(&self.url()).unwrap();
        options.copy().drop_kept().set("max-chunk-rows", "50").unwrap()
    }

    /// Wraps migrations; what happens is remembered.
    pub fn online<S>(&self, source: S, options: Options) -> Online<S> {
        let heard = Arc::clone(&self.heard);
        Online::new(source, options).on_event(move |event| {
            heard.lock().unwrap_or_else(PoisonError::into_inner).push(event.clone());
        })
    }

    /// What has happened since this was asked last.
    pub fn heard(&self) -> Vec<Event> {
        std::mem::take(&mut *self.heard.lock().unwrap())
    }

    /// Diesel's own harness.
    pub fn connection(&self) -> Own<'_> {
        Own { bed: self, conn: MysqlConnection::establish(&self.url()).unwrap() }
    }

    /// The harness over the connection of `diesel-async`.
    pub async fn harness(&self) -> AsyncMigrationHarness<AsyncMysqlConnection> {
        AsyncMigrationHarness::new(AsyncMysqlConnection::establish(&self.url()).await.unwrap())
    }

    pub fn run(&self, statements: &[&str]) {
        self.run_in(self.schema, statements);
    }

    fn run_in(&self, schema: &str, statements: &[&str]) {
        let mut conn = MysqlConnection::establish(&format!("{}{schema}", self.server)).unwrap();
        for sql in statements {
            conn.batch_execute(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
        }
    }

    /// The values of an expression over a table, in order.
    pub fn values(&self, expression: &str, table: &str) -> Vec<String> {
        let sql = format!("SELECT CAST({expression} AS CHAR) AS cell FROM {table} ORDER BY 1");
        let url = self.url();
        // Neither of the connections under test; and there may be a runtime here already.
        let read = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async {
                let mut login = Login::from_url(&url).unwrap();
                let schema = login.database.take().unwrap();
                let server = Server::connect(&login.connection().unwrap()).await.unwrap();
                let mut session = server.session_for_user_sql(&schema).await.unwrap();
                session.rows(&sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"))
            })
        });
        read.join().unwrap()
    }

    pub fn versions(&self) -> Vec<String> {
        self.values("version", "__diesel_schema_migrations")
    }

    /// The columns and indexes of `posts`, and its rows.
    pub fn posts(&self) -> Vec<String> {
        let of_it = format!("WHERE table_schema = '{}' AND table_name = 'posts'", self.schema);
        let column = "CONCAT_WS(' ', ordinal_position, column_name, column_type, is_nullable, column_default, column_comment)";
        let index = "CONCAT_WS(' ', index_name, seq_in_index, column_name)";
        let all = [
            self.values(column, &format!("information_schema.columns {of_it}")),
            self.values(index, &format!("information_schema.statistics {of_it}")),
            self.values("table_comment", &format!("information_schema.tables {of_it}")),
            self.values("CONCAT_WS(' ', id, title, score)", "posts"),
        ];
        all.concat()
    }
}

/// Diesel's own harness over the C library, but for one thing: since 3.3.19 that library has Diesel
/// read the first text of a result as empty (CONC-821), so that we say which versions are recorded.
pub struct Own<'b> {
    bed: &'b Bed,
    pub conn: MysqlConnection,
}

impl MigrationHarness<Mysql> for Own<'_> {
    fn run_migration(
        &mut self,
        migration: &dyn Migration<Mysql>,
    ) -> Done<MigrationVersion<'static>> {
        self.conn.run_migration(migration)
    }

    fn revert_migration(
        &mut self,
        migration: &dyn Migration<Mysql>,
    ) -> Done<MigrationVersion<'static>> {
        self.conn.revert_migration(migration)
    }

    fn applied_migrations(&mut self) -> Done<Vec<MigrationVersion<'static>>> {
        // It makes the table, too.
        self.conn.applied_migrations()?;
        Ok(self.bed.versions().into_iter().rev().map(MigrationVersion::from).collect())
    }
}

/// A folder of migrations with one version each: what they do, and what takes it back.
pub fn folder(migrations: &[(&str, &str)]) -> (TempDir, FileBasedMigrations) {
    let folder = tempfile::tempdir().unwrap();
    for (number, (up, down)) in migrations.iter().enumerate() {
        let migration = folder.path().join(format!("0000000000000{}_step", number + 1));
        lay(&migration, up, down);
    }
    let source = FileBasedMigrations::from_path(folder.path()).unwrap();
    (folder, source)
}

fn lay(migration: &Path, up: &str, down: &str) {
    std::fs::create_dir(migration).unwrap();
    std::fs::write(migration.join("up.sql"), up).unwrap();
    std::fs::write(migration.join("down.sql"), down).unwrap();
}
