//! One test on several servers: `on_both!(name)` makes tests of `async fn name(database: Database)`.

/// On the servers in the brackets, each with the name of its test.
macro_rules! on_servers {
    ($servers:tt $($test:ident),+) => { $(
        mod $test { $crate::support::each::on_each!($test $servers); }
    )+ };
}

macro_rules! on_each {
    ($test:ident [$($name:ident $database:ident),+]) => { $(
        #[tokio::test]
        async fn $name() {
            super::$test($crate::support::mysqld::Database::$database).await;
        }
    )+ };
}

/// On MySQL and on MariaDB.
macro_rules! on_both {
    ($($test:ident),+ $(,)?) => {
        $crate::support::each::on_servers!([mysql Mysql, mariadb Mariadb] $($test),+);
    };
}

/// On MySQL and on both versions of MariaDB.
macro_rules! on_all {
    ($($test:ident),+ $(,)?) => {
        $crate::support::each::on_servers!(
            [mysql Mysql, mariadb Mariadb, mariadb_118 Mariadb118] $($test),+
        );
    };
}

/// On both versions of MariaDB: what MySQL does not have.
macro_rules! on_mariadb {
    ($($test:ident),+ $(,)?) => {
        $crate::support::each::on_servers!([mariadb Mariadb, mariadb_118 Mariadb118] $($test),+);
    };
}

pub(crate) use {on_all, on_both, on_each, on_mariadb, on_servers};
