//! A table and its twin, an application that writes both, and a zosc with an account of its own.

use std::path::Path;
use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;

use super::address::Address;
use super::application::{Application, Seen};
use super::mysqld::Mysqld;
use super::place::Place;
use super::zosc::{self, Ran, Running};

/// How long anything may take before it counts as hanging.
pub const PATIENCE: Duration = Duration::from_mins(5);

/// Ids of the table go up to this.
const ROWS: u64 = 6000;

/// What a test lies in.
pub struct Bed {
    pub server: Option<Mysqld>,
    pub address: Address,
    pub place: Place,
    pub schema: String,
    /// The account that zosc has here.
    pub account: String,
}

impl Bed {
    /// On the shared server.
    pub async fn made(name: &str, place: Place) -> Self {
        Self::in_place(name, place, place.address(), None).await
    }

    /// On a server of its own with extra arguments.
    pub async fn on_a_server_with(name: &str, place: Place, extra: &[&str]) -> Self {
        let server = Mysqld::start(place.database, extra);
        let address = Address::of(&server);
        Self::in_place(name, place, address, Some(server)).await
    }

    /// On a server of the test's own that holds other beds, too.
    pub async fn beside(name: &str, place: Place, address: &Address) -> Self {
        Self::in_place(name, place, address.clone(), None).await
    }

    async fn in_place(name: &str, place: Place, address: Address, own: Option<Mysqld>) -> Self {
        let schema = place.schema(name);
        let account = format!("z_{schema}");
        let bed = Self { server: own, address, place, schema, account };
        let (schema, account) = (&bed.schema, &bed.account);
        let create = "(id INT PRIMARY KEY, v VARCHAR(20))";
        let rows = format!(
            "INSERT INTO {schema}.t WITH RECURSIVE n (i) AS \
             (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS}) SELECT i, i FROM n"
        );
        bed.run(&[
            &format!("DROP DATABASE IF EXISTS {schema}"),
            &format!("CREATE DATABASE {schema} CHARACTER SET utf8mb4"),
            &format!("CREATE TABLE {schema}.t {create}"),
            &format!("CREATE TABLE {schema}.twin {create}"),
            &place.database.words("SET cte_max_recursion_depth = 100000"),
            &rows,
            &format!("INSERT INTO {schema}.twin SELECT * FROM {schema}.t"),
            &format!("ANALYZE TABLE {schema}.t"),
            &format!("DROP USER IF EXISTS {account}"),
            &format!("CREATE USER {account}"),
            &format!("GRANT ALL ON *.* TO {account}"),
        ])
        .await;
        bed
    }

    /// What has the same names, such as on a replica.
    pub fn on(&self, server: &Mysqld) -> Self {
        let (schema, account) = (self.schema.clone(), self.account.clone());
        Self { server: None, address: Address::of(server), place: self.place, schema, account }
    }

    pub async fn run(&self, statements: &[&str]) {
        self.address.run(statements).await;
    }

    /// The first column of every row that a query returns.
    pub async fn column(&self, sql: &str) -> Vec<String> {
        let mut conn = self.address.connect().await;
        let values = conn.query(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        conn.disconnect().await.unwrap();
        values
    }

    /// The application begins.
    pub fn application(&self) -> Application {
        Application::start(&self.address, &self.schema, ROWS)
    }

    /// zosc begins, in steps so small that there is time to get in between.
    pub fn start(&self) -> Running {
        self.start_with(&[])
    }

    pub fn start_with(&self, flags: &[&str]) -> Running {
        self.begin(flags, zosc::start)
    }

    /// How many transactions zosc has had open for more than a second or two.
    pub async fn long_transactions(&self) -> usize {
        // MySQL's `innodb_trx` cannot be read while a statement has a character of four bytes.
        let transactions = self.place.database.either(
            "SELECT CAST(t.processlist_id AS CHAR) FROM performance_schema.threads t \
             JOIN performance_schema.events_transactions_current x USING (thread_id) \
             WHERE x.state = 'ACTIVE' AND x.timer_wait > 1e12 AND t.processlist_user",
            "SELECT CAST(p.id AS CHAR) FROM information_schema.innodb_trx x \
             JOIN information_schema.processlist p ON p.id = x.trx_mysql_thread_id \
             WHERE x.trx_started < NOW() - INTERVAL 1 SECOND AND p.user",
        );
        self.column(&format!("{transactions} = '{}'", self.account)).await.len()
    }

    /// The same, and dies at a place of the code that `crash_point!` names.
    pub fn start_doomed(&self, place: &str) -> Running {
        self.begin(&[], |address, args| zosc::start_doomed(address, place, args))
    }

    /// The same, and meets a bug of its own at such a place.
    pub fn start_with_a_bug(&self, place: &str) -> Running {
        self.begin(&[], |address, args| zosc::start_with_a_bug(address, place, args))
    }

    /// The same by a user whose runtime folder this is.
    pub fn start_at_home(&self, runtime: &Path, flags: &[&str]) -> Running {
        self.begin(flags, |address, args| zosc::start_at_home(address, runtime, args))
    }

    fn begin(&self, flags: &[&str], start: impl FnOnce(&Address, &[&str]) -> Running) -> Running {
        let address =
            Address { user: self.account.clone(), password: None, ..self.address.clone() };
        let (capture, table) = (self.place.flag(), format!("{}.t", self.schema));
        let ours = ["--copy", &capture, "--max-chunk-rows=30", "--workers=2"];
        let what = ["--alter", "ADD COLUMN c INT", &table];
        start(&address, &[&ours[..], flags, &what].concat())
    }

    /// The run has gone through, and the table is its twin, and has the new column.
    pub async fn is_migrated(&self, ran: &Ran) {
        assert_eq!(ran.code, 0, "{ran:#?}");
        self.is_like_the_twin(ran).await;
        assert_eq!(self.column(&format!("SELECT c FROM {}.t LIMIT 0", self.schema)).await.len(), 0);
    }

    pub async fn is_like_the_twin(&self, ran: &Ran) {
        let differing = self.column(&self.differing()).await;
        assert_eq!(differing, Vec::<String>::new(), "{ran:#?}");
    }

    /// A query for the rows in which the table and the twin differ.
    pub fn differing(&self) -> String {
        let schema = &self.schema;
        format!(
            "SELECT CONCAT_WS(' ', a.id, a.v, b.id, b.v) FROM {schema}.t a \
             LEFT JOIN {schema}.twin b ON a.id = b.id WHERE NOT (a.v <=> b.v) OR b.id IS NULL \
             UNION ALL SELECT CONCAT_WS(' ', 'only in the twin:', b.id, b.v) FROM {schema}.twin b \
             LEFT JOIN {schema}.t a ON a.id = b.id WHERE a.id IS NULL"
        )
    }

    /// Removes what a test that ended well has made.
    pub async fn gone(self) {
        let schema = format!("DROP DATABASE {}", self.schema);
        self.run(&[&schema, &format!("DROP USER {}", self.account)]).await;
    }
}

/// Waits until zosc has said something.
pub fn until_it_says(running: &mut Running, words: &str) {
    let begun = Instant::now();
    while !running.has_said(words) {
        assert!(running.is_running(), "zosc ended before it said {words}: {}", running.said());
        assert!(begun.elapsed() < PATIENCE, "zosc does not say {words}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

impl Seen {
    /// The application has met nothing but what it had to: errors of these numbers.
    pub fn only(&self, allowed: &[u16]) {
        assert!(self.errors.iter().all(|errno| allowed.contains(errno)), "{self:?}");
    }

    /// Nothing at all has happened to it.
    pub fn nothing(&self) {
        assert!(self.errors.is_empty() && self.lost.is_empty(), "{self:?}");
    }
}
