//! Clauses that zosc does not take: those that change something else than the shape, and those that
//! would overrule how zosc works.

use crate::error::{Error, Result};
use crate::sql::{Clause, Statement};

/// Refuses the first clause that is not for zosc.
pub(crate) fn check(statement: &Statement) -> Result<()> {
    statement.clauses().iter().find_map(refusal).map_or(Ok(()), Err)
}

fn refusal(clause: &Clause) -> Option<Error> {
    let (code, message, hint) = match clause {
        Clause::RenameTable => (
            "rename-table",
            "`RENAME TO` moves the table, which is no change of its shape",
            "run `RENAME TABLE` yourself: it takes a moment",
        ),
        Clause::Algorithm | Clause::Lock => (
            "algorithm-clause",
            "`ALGORITHM=` and `LOCK=` would overrule how zosc makes the change",
            "leave the clause out; `--copy` forces a copy",
        ),
        Clause::PartitionManagement => (
            "partition-management",
            "partition management works on rows, not on the table's shape",
            "run it yourself; `PARTITION BY …` and `REMOVE PARTITIONING` are fine here",
        ),
        Clause::Tablespace => (
            "tablespace",
            "`DISCARD TABLESPACE` and `IMPORT TABLESPACE` replace the table's rows",
            "run it yourself",
        ),
        Clause::Keys => (
            "disable-keys",
            "`DISABLE KEYS` and `ENABLE KEYS` do nothing for InnoDB",
            "leave the clause out",
        ),
        Clause::OrderBy => (
            "order-by",
            "`ORDER BY` does nothing for a table with a primary key",
            "leave the clause out",
        ),
        Clause::AddForeignKey => (
            "foreign-keys",
            "adding a foreign key is not supported yet",
            "add it with a plain `ALTER TABLE` in a quiet hour",
        ),
        _ => return None,
    };
    Some(Error::refused(code, message).hint(hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_has_its_slug() {
        for (sql, code) in [
            ("ADD a int, RENAME TO x", "rename-table"),
            ("ADD a int, ALGORITHM=INPLACE", "algorithm-clause"),
            ("CREATE INDEX i ON t (a) LOCK=NONE", "algorithm-clause"),
            ("TRUNCATE PARTITION p0, p1", "partition-management"),
            ("DISCARD TABLESPACE", "tablespace"),
            ("ENABLE KEYS", "disable-keys"),
            ("ORDER BY a, b", "order-by"),
            ("ADD p int REFERENCES parents (id)", "foreign-keys"),
        ] {
            let error = check(&Statement::parse(sql).unwrap()).unwrap_err();
            assert_eq!(error.code, code, "{sql}");
        }
        for sql in ["PARTITION BY HASH (id)", "REMOVE PARTITIONING", "FORCE", "DROP FOREIGN KEY f"]
        {
            check(&Statement::parse(sql).unwrap()).unwrap();
        }
    }
}
