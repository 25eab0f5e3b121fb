//! An account with exactly the rights that the page of permissions gives can do what it says there, and
//! zosc names each right that is missing.

use std::time::Duration;

use super::book::page;
use crate::support::address::Address;
use crate::support::each::on_both;
use crate::support::mysqld::{Database, Mysqld};
use crate::support::replication::follow;
use crate::support::zosc::{self, Ran};

const PAGE: &str = "docs/reference/permissions.md";
const PATIENCE: Duration = Duration::from_mins(2);

on_both!(binlog, triggers, by_the_server, an_index, replicas);

/// Rights on a scope, as the page has them: on `shop` and on the journal.
#[derive(Debug, Clone)]
struct Grant {
    rights: Vec<String>,
    scope: String,
}

/// All that a block of the page gives.
fn grants_under(heading: &str) -> Vec<Grant> {
    let blocks = page(PAGE).blocks;
    let block = blocks
        .iter()
        .find(|block| block.heading == heading && block.text.starts_with("GRANT "))
        .unwrap_or_else(|| panic!("the page gives nothing under {heading:?}"));
    let statement = |line: &str| {
        let line = line.strip_prefix("GRANT ")?.strip_suffix(" TO zosc;")?;
        let (rights, scope) = line.split_once(" ON ")?;
        let rights = rights.split(", ").map(str::to_owned).collect();
        Some(Grant { rights, scope: scope.to_owned() })
    };
    let read = |line| statement(line).unwrap_or_else(|| panic!("{line} is not understood"));
    block.text.lines().map(read).collect()
}

/// A table, a journal of its own, and accounts.
struct Stage {
    address: Address,
    /// Of the table; the journal's is named by it.
    schema: String,
}

impl Stage {
    async fn set(name: &str, database: Database) -> Self {
        Self::on(name, Address::shared_on(database)).await
    }

    async fn on(name: &str, address: Address) -> Self {
        let stage = Self { address, schema: format!("right{name}") };
        let schema = &stage.schema;
        stage
            .run(&[
                &format!("DROP DATABASE IF EXISTS {schema}"),
                &format!("CREATE DATABASE {schema}"),
                &format!("CREATE TABLE {schema}.t (id INT PRIMARY KEY, note VARCHAR(20))"),
                &format!("INSERT INTO {schema}.t VALUES (1, 'a'), (2, NULL)"),
                &format!("DROP DATABASE IF EXISTS {schema}journal"),
            ])
            .await;
        stage
    }

    async fn run(&self, statements: &[&str]) {
        self.address.run(statements).await;
    }

    /// Makes an account with these rights.
    async fn admit(&self, account: &str, grants: &[Grant]) {
        let account = self.account(account);
        let anew = [format!("DROP USER IF EXISTS {account}"), format!("CREATE USER {account}")];
        self.run(&[&anew[0], &anew[1]]).await;
        for grant in grants {
            let rights = grant.rights.join(", ");
            self.run(&[&format!("GRANT {rights} ON {} TO {account}", self.scope(grant))]).await;
        }
    }

    fn account(&self, name: &str) -> String {
        format!("{}_{name}", self.schema)
    }

    /// The page's scope with the names of this stage.
    fn scope(&self, grant: &Grant) -> String {
        let journal = format!("`{}journal", self.schema);
        grant.scope.replace("shop.", &format!("{}.", self.schema)).replace(r"`\_zosc", &journal)
    }

    /// zosc as that account.
    fn zosc(&self, account: &str, words: &[&str], args: &[&str]) -> Ran {
        let address = Address { user: self.account(account), ..self.address.clone() };
        let journal = format!("--journal-schema={}journal", self.schema);
        zosc::command(&address, words, &[args, &[&journal]].concat()).wait(PATIENCE)
    }

    /// Without any one of the account's rights `run` fails, and names it.
    async fn each_is_named(&self, account: &str, grants: &[Grant], run: impl Fn() -> Ran) {
        let name = self.account(account);
        for grant in grants {
            let scope = self.scope(grant);
            for right in &grant.rights {
                self.run(&[&format!("REVOKE {right} ON {scope} FROM {name}")]).await;
                let ran = run();
                assert_ne!(ran.code, 0, "without {right} on {scope}: {ran:#?}");
                let error = ran.error();
                let said = format!("{} {}", error["message"], error["hints"]);
                assert!(said.contains(right), "without {right} on {scope}: {said}");
                self.run(&[&format!("GRANT {right} ON {scope} TO {name}")]).await;
            }
        }
    }

    fn table(&self) -> String {
        format!("{}.t", self.schema)
    }

    async fn gone(self, accounts: &[&str]) {
        let schema = &self.schema;
        self.run(&[&format!("DROP DATABASE {schema}"), &format!("DROP DATABASE {schema}journal")])
            .await;
        for account in accounts {
            self.run(&[&format!("DROP USER {}", self.account(account))]).await;
        }
    }
}

/// The outcome of a run that went well.
fn outcome(ran: &Ran) -> &str {
    assert_eq!(ran.code, 0, "{ran:#?}");
    ran.finished()["outcome"].as_str().unwrap()
}

async fn binlog(database: Database) {
    let stage = Stage::set("binlog", database).await;
    let grants = grants_under("Capture from the binary log");
    stage.admit("zosc", &grants).await;
    let table = stage.table();
    let change = ["--capture=binlog", "--alter", "MODIFY note TEXT", &table];
    stage.each_is_named("zosc", &grants, || stage.zosc("zosc", &["plan"], &change)).await;
    assert_eq!(outcome(&stage.zosc("zosc", &[], &change)), "copied");

    let grants = grants_under("zosc status");
    let look = || stage.zosc("looks", &["status"], &[]);
    let all = [grants.clone(), grants_under("what runs have left")].concat();
    for (grants, state) in [(&grants, "ended"), (&all, "kept")] {
        stage.admit("looks", grants).await;
        let ran = look();
        assert_eq!(ran.code, 0, "{ran:#?}");
        assert_eq!(ran.events[0]["runs"][0]["state"], state, "{ran:#?}");
    }
    stage.each_is_named("looks", &grants, look).await;

    let grants = grants_under("zosc clean");
    stage.admit("cleans", &grants).await;
    let clean = || stage.zosc("cleans", &["clean", "--yes"], &[]);
    stage.each_is_named("cleans", &grants, clean).await;
    let ran = clean();
    assert_eq!((ran.code, ran.events[0]["tables"].as_array().unwrap().len()), (0, 1), "{ran:#?}");
    stage.gone(&["zosc", "looks", "cleans"]).await;
}

async fn triggers(database: Database) {
    let stage = Stage::set("triggers", database).await;
    stage.run(&["SET GLOBAL log_bin_trust_function_creators = 1"]).await;
    let grants = grants_under("Capture by triggers");
    stage.admit("zosc", &grants).await;
    let table = stage.table();
    let change = ["--capture=triggers", "--alter", "MODIFY note TEXT", &table];
    stage.each_is_named("zosc", &grants, || stage.zosc("zosc", &["plan"], &change)).await;
    assert_eq!(outcome(&stage.zosc("zosc", &[], &change)), "copied");
    stage.gone(&["zosc"]).await;
}

async fn by_the_server(database: Database) {
    let stage = Stage::set("instant", database).await;
    let grants = grants_under("A change that the server makes itself");
    stage.admit("zosc", &grants).await;
    let table = stage.table();
    let change = ["--alter", "ADD COLUMN c INT", &table];
    stage.each_is_named("zosc", &grants, || stage.zosc("zosc", &["plan"], &change)).await;
    assert_eq!(outcome(&stage.zosc("zosc", &[], &change)), "instant");
    stage.gone(&["zosc"]).await;
}

async fn an_index(database: Database) {
    let stage = Stage::set("index", database).await;
    let index = grants_under("What the change itself needs");
    let copy = grants_under("Capture from the binary log");
    stage.admit("zosc", &[copy, index.clone()].concat()).await;
    let statement = format!("CREATE INDEX i ON {} (note)", stage.table());
    let change = ["--capture=binlog", &statement];
    stage.each_is_named("zosc", &index, || stage.zosc("zosc", &[], &change)).await;
    assert_eq!(outcome(&stage.zosc("zosc", &[], &change)), "copied");
    stage.gone(&["zosc"]).await;
}

async fn replicas(database: Database) {
    let primary = Mysqld::start(database, &[]);
    let extra = ["--server-id=2", "--report-host=127.0.0.1"];
    let replica = follow(&Address::of(&primary), true, &extra).await;
    let stage = Stage::on("replicas", Address::of(&primary)).await;
    let there = Stage { address: Address::of(&replica), schema: stage.schema.clone() };
    let at = |account: &str| {
        format!("mysql://{}@127.0.0.1:{}", stage.account(account), there.address.port)
    };
    let table = stage.table();
    let change = ["--capture=binlog", "--alter", "MODIFY note TEXT", &table];

    let watching = grants_under("Replicas");
    there.admit("watches", &watching).await;
    let copy = grants_under("Capture from the binary log");
    stage.admit("zosc", &copy).await;
    let flag = format!("--replica={}", at("watches"));
    let watched = || stage.zosc("zosc", &[], &[&change[..], &["--rehearse", &flag]].concat());
    assert_eq!(outcome(&watched()), "rehearsed");
    there.each_is_named("watches", &watching, watched).await;

    if database == Database::Mariadb {
        let finding = grants_under("Finding replicas on MariaDB");
        let found = || {
            stage.zosc("zosc", &[], &[&change[..], &["--rehearse", "--discover-replicas"]].concat())
        };
        stage.admit("zosc", &[copy, finding.clone()].concat()).await;
        assert_eq!(outcome(&found()), "rehearsed");
        stage.each_is_named("zosc", &finding, found).await;
    }

    let rehearsing =
        grants_under(database.either("Rehearsing on a replica", "On a replica of MariaDB"));
    stage.admit("nobody", &[]).await;
    there.admit("rehearses", &rehearsing).await;
    let flag = format!("--rehearse-on={}", at("rehearses"));
    let allow = ["--allow=errant-transactions", &flag];
    let rehearsed = || stage.zosc("nobody", &[], &[&change[1..], &allow].concat());
    assert_eq!(outcome(&rehearsed()), "rehearsed");
    // Those on the schemas are looked at as for any copy.
    there.each_is_named("rehearses", &rehearsing[2..], rehearsed).await;
}
