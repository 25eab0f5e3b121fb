//! Where a test is played: on which server, and with which capture.

use super::address::Address;
use super::mysqld::Database;
use super::story::{Story, Told};
use zosc::capture::Mode;

/// A server and a capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub database: Database,
    pub capture: Mode,
}

impl Place {
    pub const MYSQL_BINLOG: Self = Self::new(Database::Mysql, Mode::Binlog);
    pub const MYSQL_TRIGGERS: Self = Self::new(Database::Mysql, Mode::Triggers);
    pub const MARIADB_BINLOG: Self = Self::new(Database::Mariadb, Mode::Binlog);
    pub const MARIADB_TRIGGERS: Self = Self::new(Database::Mariadb, Mode::Triggers);
    pub const MARIADB_118_BINLOG: Self = Self::new(Database::Mariadb118, Mode::Binlog);
    pub const MARIADB_118_TRIGGERS: Self = Self::new(Database::Mariadb118, Mode::Triggers);

    const fn new(database: Database, capture: Mode) -> Self {
        Self { database, capture }
    }

    /// The server of this kind that most tests share.
    pub fn address(self) -> Address {
        Address::shared_on(self.database)
    }

    /// A schema that no other place of the same server has.
    pub fn schema(self, name: &str) -> String {
        format!("{name}_{}", self.capture.word())
    }

    /// The flag that leaves zosc no choice.
    pub fn flag(self) -> String {
        format!("--capture={}", self.capture.word())
    }

    pub fn has_triggers(self) -> bool {
        self.capture == Mode::Triggers
    }
}

/// What a test of many places hands to [`played!`].
pub trait Play {
    fn play(self);
}

impl Play for Story {
    fn play(self) {
        self.run();
    }
}

/// It has been played.
impl Play for Told {
    fn play(self) {}
}

impl<F: Future<Output = ()>> Play for F {
    fn play(self) {
        let thread = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        thread.block_on(self);
    }
}

/// Makes a test of each place for functions that take a [`Place`]: a list of names after the word
/// that says where they are played. A test's name ends in its place, as in
/// `keys::a_char_that_is_padded::mariadb_triggers`.
macro_rules! played {
    ($($where:ident: $($name:ident),+;)+) => {
        $($(mod $name { $crate::support::place::played_at!($where $name); })+)+
    };
}

macro_rules! played_at {
    // Both captures on the main servers of both families.
    (everywhere $name:ident) => {
        $crate::support::place::played_at!(mysql $name);
        $crate::support::place::played_at!(mariadb $name);
    };
    // On all servers there are.
    (on_all_servers $name:ident) => {
        $crate::support::place::played_at!(everywhere $name);
        $crate::support::place::played_at!($name mariadb_118_binlog MARIADB_118_BINLOG);
        $crate::support::place::played_at!($name mariadb_118_triggers MARIADB_118_TRIGGERS);
    };
    // Once on each main server, where the capture makes no difference.
    (on_both_servers $name:ident) => {
        $crate::support::place::played_at!($name mysql_binlog MYSQL_BINLOG);
        $crate::support::place::played_at!($name mariadb_triggers MARIADB_TRIGGERS);
    };
    (mysql $name:ident) => {
        $crate::support::place::played_at!($name mysql_binlog MYSQL_BINLOG);
        $crate::support::place::played_at!($name mysql_triggers MYSQL_TRIGGERS);
    };
    (mariadb $name:ident) => {
        $crate::support::place::played_at!($name mariadb_binlog MARIADB_BINLOG);
        $crate::support::place::played_at!($name mariadb_triggers MARIADB_TRIGGERS);
    };
    (with_binlog $name:ident) => {
        $crate::support::place::played_at!($name mysql_binlog MYSQL_BINLOG);
        $crate::support::place::played_at!($name mariadb_binlog MARIADB_BINLOG);
    };
    (with_triggers $name:ident) => {
        $crate::support::place::played_at!($name mysql_triggers MYSQL_TRIGGERS);
        $crate::support::place::played_at!($name mariadb_triggers MARIADB_TRIGGERS);
    };
    (mysql_with_binlog $name:ident) => {
        $crate::support::place::played_at!($name mysql_binlog MYSQL_BINLOG);
    };
    (mysql_with_triggers $name:ident) => {
        $crate::support::place::played_at!($name mysql_triggers MYSQL_TRIGGERS);
    };
    (mariadb_with_triggers $name:ident) => {
        $crate::support::place::played_at!($name mariadb_triggers MARIADB_TRIGGERS);
    };
    ($name:ident $test:ident $place:ident) => {
        #[test]
        fn $test() {
            use $crate::support::place::{Place, Play as _};
            super::$name(Place::$place).play();
        }
    };
}

pub(crate) use {played, played_at};
