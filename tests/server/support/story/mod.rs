//! The twin test, told as a story: a table and its twin are written alike while the table is
//! migrated; then the twin is altered by the server itself, and both must be the same.
//!
//! The twin has the table's own name in another schema, so that definitions compare as they are.

pub mod act;
mod book;
mod broken;
mod compare;
mod naive;
mod play;
mod seed;
pub mod shape;
mod statement;
mod storm;
mod tables;
pub mod values;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use self::act::Act;
pub use self::broken::Broken;
pub use self::naive::ByHand;
use self::shape::{Era, Key, Shape, SpellUnique, Unique};
pub use self::statement::LOADED;
pub use self::storm::{Storm, Tally};
use self::values::Make;
use super::address::Address;
use super::mysqld::Mysqld;
use super::place::Place;
use super::proxy::Proxy;
use super::replica::{self, WAITS_FOR_A_REPLICA};

/// Between the slots of the first rows: what lies between them is for inserts and moves. No number of
/// writers may be a multiple of it, so that each has rows.
const GAP: u64 = 3;

/// A story in the making.
pub struct Story {
    name: String,
    place: Place,
    table: String,
    create: String,
    session: Vec<String>,
    shape: Arc<Shape>,
    rows: u64,
    alter: String,
    writers: usize,
    acts: Vec<Act>,
    pause: Duration,
    xa: bool,
    server: Option<Mysqld>,
    proxy: Option<Arc<Proxy>>,
    args: Vec<String>,
    before: Vec<String>,
    meddling: Vec<String>,
    by_hand: Option<ByHand>,
    broken: Option<Broken>,
}

/// What a good end was like.
#[derive(Debug)]
pub struct Told {
    /// `zosc`'s events.
    pub events: Vec<Value>,
    /// Transactions of all writers while the table was migrated.
    pub during: u64,
    /// Statements of all writers to the table, from before to after that.
    pub statements: u64,
    /// The longest that a statement of a writer took.
    pub longest: Duration,
    /// How often zosc died on the way.
    pub deaths: usize,
    /// Where the time went.
    pub spent: Spent,
}

/// How long the parts of a story took.
#[allow(dead_code)] // shown by Debug
#[derive(Debug)]
pub struct Spent {
    pub seeding: Duration,
    pub migrating: Duration,
    pub the_rest: Duration,
}

impl Story {
    /// Begins; `name` and the capture become the schema's name. The key is `id`, numbered by the
    /// server, until something else is said.
    pub fn new(name: &str, place: Place) -> Self {
        let key = Key {
            columns: vec!["id".to_owned()],
            spell: Box::new(|slot, _| vec![slot.to_string()]),
            spellings: 1,
            assigned: true,
            clustered: !place.database.isolates_snapshots(),
        };
        let shape = Shape { key, values: Vec::new(), uniques: Vec::new(), era: Era::default() };
        Self {
            name: place.schema(name),
            place,
            table: "t".to_owned(),
            create: String::new(),
            session: Vec::new(),
            shape: Arc::new(shape),
            rows: 1_500,
            alter: String::new(),
            writers: 4,
            acts: Act::ALL.to_vec(),
            pause: Duration::from_millis(20),
            xa: false,
            server: None,
            proxy: None,
            args: vec!["--max-chunk-rows=150".to_owned()],
            before: Vec::new(),
            meddling: Vec::new(),
            by_hand: std::env::var_os("ZOSC_TWIN_BY_HAND").map(|_| ByHand::Altered),
            broken: None,
        }
    }

    /// The shape while it is told: nobody else has it yet.
    fn shape(&mut self) -> &mut Shape {
        Arc::get_mut(&mut self.shape).expect("the story is not played yet")
    }

    /// What stands in the parentheses of `CREATE TABLE`, and after them. The column `w`, the writer
    /// that owns the row, is added to it.
    pub fn table(mut self, columns: &str, options: &str) -> Self {
        self.create = format!("({columns}, w TINYINT UNSIGNED NOT NULL) {options}");
        self
    }

    /// The table has another name than `t`.
    pub fn named(mut self, table: &str) -> Self {
        table.clone_into(&mut self.table);
        self
    }

    /// SQL that makes the application's sessions as they are, from the creation of the table on.
    pub fn session(mut self, sql: &str) -> Self {
        self.session.push(sql.to_owned());
        self
    }

    /// Another key than `id`: how it spells a slot (see `shape`).
    pub fn key<const N: usize>(
        mut self,
        columns: [&str; N],
        spell: impl Fn(u64) -> [String; N] + Send + Sync + 'static,
    ) -> Self {
        self.shape().key = Key {
            columns: columns.map(str::to_owned).to_vec(),
            spell: Box::new(move |slot, _| spell(slot).to_vec()),
            spellings: 1,
            assigned: false,
            clustered: false,
        };
        self
    }

    /// A key with several spellings of each slot, all equal to its collation.
    pub fn key_spelled<const N: usize>(
        mut self,
        columns: [&str; N],
        spellings: usize,
        spell: impl Fn(u64, usize) -> [String; N] + Send + Sync + 'static,
    ) -> Self {
        self.shape().key = Key {
            columns: columns.map(str::to_owned).to_vec(),
            spell: Box::new(move |slot, spelling| spell(slot, spelling).to_vec()),
            spellings,
            assigned: false,
            clustered: false,
        };
        self
    }

    /// The key is `column`, numbered by the server.
    pub fn numbered(mut self, column: &str) -> Self {
        self.shape().key.columns = vec![column.to_owned()];
        self
    }

    /// Rows lie in the key's order, so writers may update ranges of it.
    pub fn clustered(mut self) -> Self {
        self.shape().key.clustered = true;
        self
    }

    /// Writers do not update ranges of the key.
    pub fn scattered(mut self) -> Self {
        self.shape().key.clustered = false;
        self
    }

    /// A column that the writers fill.
    pub fn column(mut self, name: &str, make: Make) -> Self {
        self.shape().values.push((name.to_owned(), make));
        self
    }

    /// A nullable column with a unique index of its own.
    pub fn unique(mut self, column: &str, spell: SpellUnique) -> Self {
        self.shape().uniques.push(Unique { column: column.to_owned(), spell });
        self
    }

    /// The column by which the application sees that it has the new shape before it.
    pub fn new_shape_has(mut self, marker: &str) -> Self {
        self.shape().era.marker = Some(marker.to_owned());
        self
    }

    /// A column that has another name in the new shape.
    pub fn renamed(mut self, old: &str, new: &str) -> Self {
        self.shape().era.renamed.push((old.to_owned(), new.to_owned()));
        self
    }

    /// A column that the application does not write in the new shape.
    pub fn retired(mut self, column: &str) -> Self {
        self.shape().era.retired.push(column.to_owned());
        self
    }

    /// How many rows there are at first.
    pub fn rows(mut self, rows: u64) -> Self {
        self.rows = rows;
        self
    }

    /// The clauses, for zosc and for the twin.
    pub fn alter(mut self, clauses: &str) -> Self {
        clauses.clone_into(&mut self.alter);
        self
    }

    /// How many writers there are; no multiple of three.
    pub fn writers(mut self, writers: usize) -> Self {
        self.writers = writers;
        self
    }

    /// The writers do only this.
    pub fn acts(mut self, acts: &[Act]) -> Self {
        self.acts = acts.to_vec();
        self
    }

    /// The writers' transactions are prepared first, as a transaction manager would do it.
    pub fn prepared(mut self) -> Self {
        self.xa = true;
        self
    }

    /// How long a writer rests between transactions.
    pub fn pause(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    /// On a server of the story's own, with extra arguments.
    pub fn on_a_server_with(mut self, extra: &[&str]) -> Self {
        self.server = Some(Mysqld::start(self.place.database, extra));
        self
    }

    /// On a server of the story's own whose changes are in the log so long before they can be read.
    pub fn on_a_server_whose_log_runs_ahead(mut self, delay: Duration) -> Self {
        if self.place.database.is_mysql() {
            let wait = format!("SET GLOBAL binlog_group_commit_sync_delay = {}", delay.as_micros());
            return self.on_a_server_with(&["--sync-binlog=0"]).before(&wait);
        }
        self = self.on_a_server_with(WAITS_FOR_A_REPLICA);
        let address = self.server.as_ref().map(Address::of).expect("it was just started");
        replica::follow(&address, "binlog.000001", delay);
        self
    }

    /// The migration, and nobody else, reaches the server through a proxy.
    pub fn through(mut self, proxy: &Arc<Proxy>) -> Self {
        self.proxy = Some(Arc::clone(proxy));
        self
    }

    /// Flags for zosc, instead of `--max-chunk-rows=150`.
    pub fn args(mut self, args: &[&str]) -> Self {
        self.args = args.iter().map(|arg| (*arg).to_owned()).collect();
        self
    }

    /// SQL that is run when the rows are there, before the writers start; `{t}` is each of the two
    /// tables in turn, `{s}` its schema.
    pub fn before(mut self, sql: &str) -> Self {
        self.before.push(sql.to_owned());
        self
    }

    /// Migrates in another way than by zosc. With `ZOSC_TWIN_BY_HAND` in the environment all stories
    /// are altered by hand: what fails then is wrong with the story, not with zosc.
    pub fn by_hand(mut self, how: ByHand) -> Self {
        self.by_hand = Some(how);
        self
    }

    /// zosc dies, is started again, and dies again, until it comes to the end.
    pub fn broken(mut self, how: Broken) -> Self {
        self.broken = Some(how);
        self
    }

    /// SQL that is run on the table alone when all is done, before it is compared.
    pub fn meddle(mut self, sql: &str) -> Self {
        self.meddling.push(sql.to_owned());
        self
    }

    /// Plays the story; panics with all that is known if it does not end well.
    #[allow(clippy::print_stderr)] // for people who watch
    pub fn run(self) -> Told {
        let name = self.name.clone();
        match self.tell() {
            Ok(told) => {
                let locked: Vec<&Value> = told
                    .events
                    .iter()
                    .filter(|event| event["event"] == "swap")
                    .map(|event| &event["locked_ms"])
                    .collect();
                eprintln!(
                    "{name}: {} transactions meanwhile, swap attempts of {locked:?} ms, longest \
                     statement {:.1?}, {:.1?}",
                    told.during, told.longest, told.spent
                );
                told
            }
            Err(trouble) => panic!("{name}: {trouble}"),
        }
    }
}
