//! A schema of a test's own whose tables must look the same before and after zosc came.

use std::time::Duration;

use super::address::Address;
use super::zosc::{self, Ran, Running};

/// How long a run may take before it counts as hanging.
pub const PATIENCE: Duration = Duration::from_mins(5);

/// So small steps that there is time to get in between.
const SLOWLY: &[&str] = &["--max-chunk-rows=50", "--workers=1"];

/// A schema of a test's own, and how its tables looked before zosc came.
pub struct Ground {
    pub address: Address,
    pub schema: &'static str,
    pub before: Vec<String>,
}

impl Ground {
    /// Makes the schema and runs `statements` in it.
    pub async fn laid(schema: &'static str, statements: &[&str]) -> Self {
        let address = Address::shared();
        let (drop, create, enter) = (
            format!("DROP DATABASE IF EXISTS {schema}"),
            format!("CREATE DATABASE {schema}"),
            format!("USE {schema}"),
        );
        let mut all = vec![drop.as_str(), &create, &enter];
        all.extend(statements);
        address.run(&all).await;
        let mut ground = Self { address, schema, before: Vec::new() };
        ground.before = ground.looks().await;
        ground
    }

    /// Every table and view with its definition and a checksum of its rows.
    pub async fn looks(&self) -> Vec<String> {
        let names = self
            .address
            .column(&format!(
                "SELECT table_name FROM information_schema.tables \
                 WHERE table_schema = '{}' ORDER BY 1",
                self.schema
            ))
            .await;
        let mut looks = Vec::new();
        for name in names {
            looks.push(self.look(&name).await);
        }
        looks
    }

    /// One of them.
    pub async fn look(&self, name: &str) -> String {
        let table = format!("`{}`.`{name}`", self.schema);
        let definition = self.address.cell(&format!("SHOW CREATE TABLE {table}"), 1).await;
        let checksum = self.address.cell(&format!("CHECKSUM TABLE {table}"), 1).await;
        format!("{name}: {definition:?} {checksum:?}")
    }

    /// Starts a copy.
    pub fn start(&self, table: &str, alter: &str, flags: &[&str]) -> Running {
        let name = format!("{}.{table}", self.schema);
        zosc::start(&self.address, &[flags, &["--copy", "--alter", alter, &name]].concat())
    }

    /// Checks that a run failed and that everything is as it was.
    pub async fn is_as_before(&self, ran: &Ran) {
        assert_ne!(ran.code, 0, "it went through: {ran:#?}");
        assert_eq!(self.looks().await, self.before, "something is not as it was: {ran:#?}");
    }

    /// Removes the schema of a test that ended well.
    pub async fn gone(self) {
        self.address.run(&[&format!("DROP DATABASE {}", self.schema)]).await;
    }
}

impl Ground {
    /// With a table `big` that takes some seconds to copy.
    pub async fn with_a_big_table(schema: &'static str) -> Self {
        let ground = Self::laid(
            schema,
            &[
                "CREATE TABLE big (id INT PRIMARY KEY AUTO_INCREMENT, v VARCHAR(20))",
                "SET SESSION cte_max_recursion_depth = 100000",
                "INSERT INTO big WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n \
             WHERE i < 20000) SELECT i, CONCAT('v', i) FROM n",
            ],
        )
        .await;
        ground.address.run(&[&format!("ANALYZE TABLE {schema}.big")]).await;
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
        let sql = format!(
            "SELECT table_name FROM information_schema.tables \
             WHERE table_schema = '{}' AND table_name = 'big__zosc_shadow'",
            self.schema
        );
        while self.address.column(&sql).await.is_empty() {
            assert!(running.is_running(), "zosc ended before its shadow was seen");
        }
        let sql = format!("SELECT id FROM {}.big__zosc_shadow WHERE id = 1", self.schema);
        while self.address.column(&sql).await.is_empty() {
            assert!(running.is_running(), "zosc ended before a row was seen");
        }
    }
}
