//! Migrations that are obviously right or obviously wrong, to judge the judge with.

use mysql_async::prelude::Queryable;

use super::compare::Table;
use crate::support::address::Address;

/// How it is done by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByHand {
    /// The server's own `ALTER TABLE`, which keeps the writers out.
    Altered,
    /// Copied and renamed with no regard to the writers: loses what they do meanwhile.
    Copied,
}

/// Migrates, and leaves what zosc would leave.
pub async fn migrate(address: &Address, table: &Table, alter: &str, how: ByHand) {
    let beside = |suffix: &str| {
        let name = format!("{}__zosc_{suffix}", table.name);
        Table { schema: table.schema.clone(), name }.sql()
    };
    let (t, shadow, kept) = (table.sql(), beside("shadow"), beside("kept"));
    let script = match how {
        ByHand::Altered => {
            vec![
                format!("CREATE TABLE {kept} LIKE {t}"),
                // The writers get as much time to stumble as zosc would give them.
                "DO SLEEP(2)".to_owned(),
                format!("ALTER TABLE {t} {alter}, ALGORITHM=COPY"),
            ]
        }
        ByHand::Copied => vec![
            format!("CREATE TABLE {shadow} LIKE {t}"),
            format!("INSERT INTO {shadow} SELECT * FROM {t}"),
            "DO SLEEP(1)".to_owned(),
            format!("RENAME TABLE {t} TO {kept}, {shadow} TO {t}"),
            format!("ALTER TABLE {t} {alter}"),
        ],
    };
    let mut conn = address.connect().await;
    for sql in script {
        conn.query_drop(&sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
    conn.disconnect().await.unwrap();
}
