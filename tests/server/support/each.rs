//! One test on several servers: `on_both!(name)` makes tests of `async fn name(database: Database)`.

/// On MySQL and on MariaDB.
macro_rules! on_both {
    ($($test:ident),+ $(,)?) => { $(
        mod $test {
            use crate::support::mysqld::Database;

            #[tokio::test]
            async fn mysql() {
                super::$test(Database::Mysql).await;
            }

            #[tokio::test]
            async fn mariadb() {
                super::$test(Database::Mariadb).await;
            }
        }
    )+ };
}

/// On MySQL and on both versions of MariaDB.
macro_rules! on_all {
    ($($test:ident),+ $(,)?) => { $(
        mod $test {
            use crate::support::mysqld::Database;

            #[tokio::test]
            async fn mysql() {
                super::$test(Database::Mysql).await;
            }

            #[tokio::test]
            async fn mariadb() {
                super::$test(Database::Mariadb).await;
            }

            #[tokio::test]
            async fn mariadb_118() {
                super::$test(Database::Mariadb118).await;
            }
        }
    )+ };
}

/// On both versions of MariaDB: what MySQL does not have.
macro_rules! on_mariadb {
    ($($test:ident),+ $(,)?) => { $(
        mod $test {
            use crate::support::mysqld::Database;

            #[tokio::test]
            async fn mariadb() {
                super::$test(Database::Mariadb).await;
            }

            #[tokio::test]
            async fn mariadb_118() {
                super::$test(Database::Mariadb118).await;
            }
        }
    )+ };
}

pub(crate) use {on_all, on_both, on_mariadb};
