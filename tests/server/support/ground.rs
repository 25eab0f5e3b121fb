//! A schema of a test's own whose tables must look the same before and after zosc came.

use std::time::Duration;

use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use super::address::Address;
use super::place::Place;
use super::zosc::{self, Ran, Running};

/// The rows of the big table; their ids go from 1 to this.
pub const BIG_ROWS: u64 = 20_000;

/// How long a run may take before it counts as hanging.
pub const PATIENCE: Duration = Duration::from_mins(5);

/// So small steps that there is time to get in between.
const SLOWLY: &[&str] = &["--max-chunk-rows=50", "--workers=1"];

/// A schema of a test's own, and how its tables looked before zosc came.
pub struct Ground {
    pub address: Address,
    pub place: Place,
    pub schema: String,
    pub before: Vec<String>,
}

impl Ground {
    /// Makes the schema on the shared server and runs `statements` in it.
    pub async fn laid(name: &str, place: Place, statements: &[&str]) -> Self {
        Self::laid_at(place.address(), name, place, statements).await
    }

    /// The same on a server of the test's own.
    pub async fn laid_at(address: Address, name: &str, place: Place, statements: &[&str]) -> Self {
        let schema = place.schema(name);
        let (drop, create) = (
            format!("DROP DATABASE IF EXISTS {schema}"),
            format!("CREATE DATABASE {schema} CHARACTER SET utf8mb4"),
        );
        address.run(&[&drop, &create]).await;
        let mut ground = Self { address, place, schema, before: Vec::new() };
        ground.run(statements).await;
        ground.before = ground.looks().await;
        ground
    }

    /// A session in the schema.
    pub async fn connect(&self) -> Conn {
        let mut conn = self.address.connect().await;
        conn.query_drop(format!("USE {}", self.schema)).await.unwrap();
        conn
    }

    /// Runs statements in the schema, one after the other in a session of their own.
    pub async fn run(&self, statements: &[&str]) {
        let mut conn = self.connect().await;
        for sql in statements {
            conn.query_drop(*sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        }
        conn.disconnect().await.unwrap();
    }

    /// The first column of every row that a query in the schema returns.
    pub async fn column(&self, sql: &str) -> Vec<String> {
        let mut conn = self.connect().await;
        let values = conn.query(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        conn.disconnect().await.unwrap();
        values
    }

    /// Every table and view with its definition and a checksum of its rows, and every trigger.
    pub async fn looks(&self) -> Vec<String> {
        let names = self.tables().await;
        self.looks_of(&names.iter().map(String::as_str).collect::<Vec<_>>()).await
    }

    /// Some tables, and every trigger.
    pub async fn looks_of(&self, names: &[&str]) -> Vec<String> {
        let mut looks = Vec::new();
        for name in names {
            looks.push(self.look(name).await);
        }
        looks.extend(self.triggers().await);
        looks
    }

    /// One table or view.
    pub async fn look(&self, name: &str) -> String {
        let table = format!("`{}`.`{name}`", self.schema);
        let definition = self.address.cell(&format!("SHOW CREATE TABLE {table}"), 1).await;
        let checksum = self.address.cell(&format!("CHECKSUM TABLE {table}"), 1).await;
        format!("{name}: {definition:?} {checksum:?}")
    }

    /// The names of the tables and views, in order.
    pub async fn tables(&self) -> Vec<String> {
        self.column(
            "SELECT table_name FROM information_schema.tables \
             WHERE table_schema = DATABASE() ORDER BY 1",
        )
        .await
    }

    /// Every trigger with what it does.
    pub async fn triggers(&self) -> Vec<String> {
        self.column(
            "SELECT CONCAT_WS(' ', 'trigger', trigger_name, action_timing, event_manipulation, \
             event_object_table, action_statement) FROM information_schema.triggers \
             WHERE trigger_schema = DATABASE() ORDER BY 1",
        )
        .await
    }

    /// Starts a copy.
    pub fn start(&self, table: &str, alter: &str, flags: &[&str]) -> Running {
        let (capture, name) = (self.place.flag(), format!("{}.{table}", self.schema));
        let ours = ["--copy", &capture, "--alter", alter, &name];
        zosc::start(&self.address, &[flags, &ours].concat())
    }

    /// Checks that a run failed and that everything is as it was.
    pub async fn is_as_before(&self, ran: &Ran) {
        assert_ne!(ran.code, 0, "it went through: {ran:#?}");
        assert_eq!(self.looks().await, self.before, "something is not as it was: {ran:#?}");
    }

    /// Checks that a run stopped, left the original as it was, and says how it is gone on with.
    pub async fn waits_to_be_resumed(&self, ran: &Ran) {
        assert_eq!(ran.error()["resumable"], true, "{ran:#?}");
        let hints = ran.error()["hints"].to_string();
        assert!(hints.contains("`zosc resume"), "it does not say how to go on: {ran:#?}");
        let name = self.before[0].split(':').next().unwrap();
        assert_eq!(self.look(name).await, self.before[0], "it is not as it was: {ran:#?}");
        let shadow = format!("{name}__zosc_shadow");
        assert!(self.tables().await.contains(&shadow), "there is nothing to go on with: {ran:#?}");
    }

    /// Removes the schema of a test that ended well.
    pub async fn gone(self) {
        self.address.run(&[&format!("DROP DATABASE {}", self.schema)]).await;
    }
}

impl Ground {
    /// With a table `big` that takes some seconds to copy.
    pub async fn with_a_big_table(name: &str, place: Place) -> Self {
        Self::with_a_big_table_at(place.address(), name, place).await
    }

    /// The same on a server of the test's own.
    pub async fn with_a_big_table_at(address: Address, name: &str, place: Place) -> Self {
        let rows = format!(
            "INSERT INTO big WITH RECURSIVE n (i) AS \
             (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {BIG_ROWS}) \
             SELECT i, CONCAT('v', i) FROM n"
        );
        let statements = [
            "CREATE TABLE big (id INT PRIMARY KEY AUTO_INCREMENT, v VARCHAR(20))",
            &place.database.words("SET cte_max_recursion_depth = 100000"),
            &rows,
        ];
        let ground = Self::laid_at(address, name, place, &statements).await;
        ground.run(&["ANALYZE TABLE big"]).await;
        ground
    }

    /// Begins to copy it, and waits until its first row has been brought.
    pub async fn copying(&self, alter: &str) -> Running {
        self.copying_with(alter, &[]).await
    }

    /// The same with more flags.
    pub async fn copying_with(&self, alter: &str, flags: &[&str]) -> Running {
        let mut running = self.start("big", alter, &[SLOWLY, flags].concat());
        self.the_first_row_is_there(&mut running).await;
        running
    }

    async fn the_first_row_is_there(&self, running: &mut Running) {
        while !self.tables().await.contains(&"big__zosc_shadow".to_owned()) {
            assert!(running.is_running(), "zosc ended before its shadow was seen");
        }
        while self.column("SELECT id FROM big__zosc_shadow WHERE id = 1").await.is_empty() {
            assert!(running.is_running(), "zosc ended before a row was seen");
        }
    }
}
