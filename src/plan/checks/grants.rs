//! What the account may do, read from `SHOW GRANTS` (which includes the roles that are active).

use std::collections::BTreeSet;

use crate::error::{Error, Result};
use crate::mysql::Session;
use crate::plan::{Finding, Rule};
use crate::schema::{Helper, TableName, quote};
use crate::sql::lex::{Kind, Token, is_word, lex, name};

/// For the rehearsal, and for a change that the server makes itself.
const TO_ALTER: &[&str] = &["SELECT", "INSERT", "CREATE", "DROP", "ALTER"];
/// For a copy. Without TRIGGER the catalogue hides triggers, and they would be lost.
const TO_COPY: &[&str] =
    &["SELECT", "INSERT", "DELETE", "CREATE", "DROP", "ALTER", "TRIGGER", "LOCK TABLES"];
/// For the journal of a change that the server makes itself.
const TO_ENTER: &[&str] = &["SELECT", "INSERT", "UPDATE", "CREATE"];
/// For the journal of a copy.
const IN_JOURNAL: &[&str] = &["SELECT", "INSERT", "UPDATE", "DELETE", "CREATE"];
/// To know what runs there are, and to write down what became of them.
const TO_LOOK: &[&str] = &["SELECT"];
const TO_NOTE: &[&str] = &["SELECT", "UPDATE", "DELETE"];
/// To remove what a run has left. Without TRIGGER its triggers are hidden: their logs would be dropped,
/// and the application's writes would fail.
const TO_REMOVE: &[&str] = &["SELECT", "DROP", "TRIGGER"];
/// For the engine's catalogue, which tells tables apart whatever their names.
const EVERYWHERE: &[&str] = &["PROCESS"];
/// For the binary log.
const TO_READ_LOG: &[&str] = &["REPLICATION SLAVE", "REPLICATION CLIENT"];

/// Rights that `SHOW GRANTS` of MariaDB calls otherwise than `GRANT` does.
const NEW_NAMES: &[(&str, &str)] = &[("REPLICATION CLIENT", "BINLOG MONITOR")];

/// Refuses (`missing_grants`) when the account cannot even try the change.
pub(crate) async fn to_alter(session: &mut Session, original: &TableName) -> Result<()> {
    let grants = read(session).await?;
    verdict(&[(grants.missing_on_table(original, TO_ALTER), schema_scope(&original.schema))])
}

/// Refuses (`missing_grants`) when the account cannot write down that the server is to make the change.
pub(crate) async fn to_enter(session: &mut Session, journal_schema: &str) -> Result<()> {
    let grants = read(session).await?;
    verdict(&[(grants.missing_on_schema(journal_schema, TO_ENTER), schema_scope(journal_schema))])
}

/// Refuses (`missing_grants`) when the account lacks what a copy needs. Finds what it could use.
pub(crate) async fn to_copy(
    session: &mut Session,
    original: &TableName,
    journal_schema: &str,
) -> Result<Option<Finding>> {
    let grants = read(session).await?;
    verdict(&[
        (grants.missing_on_table(original, TO_COPY), schema_scope(&original.schema)),
        (grants.missing_on_schema(journal_schema, IN_JOURNAL), schema_scope(journal_schema)),
        (grants.missing_everywhere(EVERYWHERE), "*.*".to_owned()),
    ])?;
    let unseen = grants.missing_on_schema("performance_schema", &["SELECT"]);
    Ok((!unseen.is_empty()).then(|| {
        Finding::note(
            Rule::BlockersUnseen,
            "the account may not read `performance_schema`, so sessions that block the swap cannot be named",
            "GRANT SELECT ON performance_schema.* to the account",
        )
    }))
}

/// Refuses (`missing_grants`) when the account may not read the binary log.
pub(crate) async fn to_read_log(session: &mut Session) -> Result<()> {
    let grants = read(session).await?;
    verdict(&[(grants.missing_everywhere(TO_READ_LOG), "*.*".to_owned())])
}

/// Refuses (`missing_grants`) when the account cannot see the journal: to it there would be no run.
pub(crate) async fn to_look(session: &mut Session, journal_schema: &str) -> Result<()> {
    let grants = read(session).await?;
    verdict(&[
        (grants.missing_on_schema(journal_schema, TO_LOOK), schema_scope(journal_schema)),
        (grants.missing_everywhere(EVERYWHERE), "*.*".to_owned()),
    ])
}

/// Refuses (`missing_grants`) when the account cannot remove all that a run on this table has left.
pub(crate) async fn to_clean(
    session: &mut Session,
    original: &TableName,
    journal_schema: &str,
) -> Result<()> {
    let grants = read(session).await?;
    verdict(&[
        (grants.missing_on_table(original, TO_REMOVE), schema_scope(&original.schema)),
        (grants.missing_on_schema(journal_schema, TO_NOTE), schema_scope(journal_schema)),
    ])
}

fn schema_scope(schema: &str) -> String {
    format!("{}.*", quote(&schema.replace('_', "\\_").replace('%', "\\%")))
}

fn verdict(missing: &[(Vec<&str>, String)]) -> Result<()> {
    let grants: Vec<String> = missing
        .iter()
        .filter(|(privileges, _)| !privileges.is_empty())
        .map(|(privileges, scope)| {
            format!("GRANT {} ON {scope} TO CURRENT_USER()", privileges.join(", "))
        })
        .collect();
    if grants.is_empty() {
        return Ok(());
    }
    let error = Error::not_ready(
        "missing_grants",
        format!("the account lacks rights: {}", grants.join("; ")),
    );
    Err(error
        .hint("have an administrator run this with the account's name in place of `CURRENT_USER()`")
        .hint(
            "rights of a role count only while it is active: `SET DEFAULT ROLE ALL TO` the account",
        ))
}

/// Where a right holds. Names may hold `%` and `_` as wildcards.
#[derive(Debug, PartialEq, Eq)]
enum Scope {
    Everywhere,
    Schema(String),
    Table(String, String),
}

#[derive(Debug, Default)]
struct Grants {
    given: Vec<(Scope, BTreeSet<String>)>,
    revoked: Vec<(Scope, BTreeSet<String>)>,
}

async fn read(session: &mut Session) -> Result<Grants> {
    let lines: Vec<String> = session.rows("SHOW GRANTS").await?;
    let mut grants = Grants::default();
    for line in &lines {
        let tokens = lex(line)?;
        let Some(entry) = parse(line, &tokens) else { continue };
        let is_revoke = tokens.first().is_some_and(|token| is_word(line, token, "REVOKE"));
        if is_revoke { &mut grants.revoked } else { &mut grants.given }.push(entry);
    }
    Ok(grants)
}

/// `GRANT a, b (column), c ON scope TO …`; `None` for roles and proxies, which have no such form.
fn parse(line: &str, tokens: &[Token]) -> Option<(Scope, BTreeSet<String>)> {
    let on = tokens.iter().position(|token| is_word(line, token, "ON"))?;
    let privileges = tokens[1..on]
        .split(|token| token.depth == 0 && token.kind == Kind::Punctuation(b','))
        .filter(|words| words.iter().all(|token| token.kind == Kind::Word))
        .map(|words| {
            let words = words.iter().map(|token| line[token.span.clone()].to_ascii_uppercase());
            words.collect::<Vec<_>>().join(" ")
        });
    let part = |index: usize| {
        let token = tokens.get(index)?;
        let is_star = token.kind == Kind::Punctuation(b'*');
        if is_star { Some(None) } else { name(line, token).map(Some) }
    };
    let is_dot = tokens.get(on + 2)?.kind == Kind::Punctuation(b'.');
    let scope = match (part(on + 1)?, part(on + 3)?) {
        _ if !is_dot => return None,
        (None, _) => Scope::Everywhere,
        (Some(schema), None) => Scope::Schema(schema),
        (Some(schema), Some(table)) => Scope::Table(schema, table),
    };
    Some((scope, privileges.collect()))
}

impl Grants {
    fn missing_everywhere<'p>(&self, wanted: &[&'p str]) -> Vec<&'p str> {
        let has = |privilege| holds(&self.given, privilege, |scope| *scope == Scope::Everywhere);
        wanted.iter().copied().filter(|privilege| !has(privilege)).collect()
    }

    fn missing_on_schema<'p>(&self, schema: &str, wanted: &[&'p str]) -> Vec<&'p str> {
        wanted.iter().copied().filter(|privilege| !self.on_schema(schema, privilege)).collect()
    }

    /// On the table and on every helper of it.
    fn missing_on_table<'p>(&self, table: &TableName, wanted: &[&'p str]) -> Vec<&'p str> {
        let mut names = vec![table.clone()];
        names.extend(Helper::ALL.map(|helper| table.helper(helper)));
        let on_each = |privilege: &str| {
            names.iter().all(|name| {
                holds(&self.given, privilege, |scope| {
                    matches!(scope, Scope::Table(s, t) if *s == name.schema && *t == name.table)
                })
            })
        };
        let has = |privilege: &str| self.on_schema(&table.schema, privilege) || on_each(privilege);
        wanted.iter().copied().filter(|privilege| !has(privilege)).collect()
    }

    fn on_schema(&self, schema: &str, privilege: &str) -> bool {
        let covers = |scope: &Scope| matches!(scope, Scope::Schema(name) if matches(name, schema));
        let everywhere = holds(&self.given, privilege, |scope| *scope == Scope::Everywhere);
        everywhere && !holds(&self.revoked, privilege, covers)
            || holds(&self.given, privilege, covers)
    }
}

fn holds(
    entries: &[(Scope, BTreeSet<String>)],
    privilege: &str,
    covers: impl Fn(&Scope) -> bool,
) -> bool {
    let all = ["ALL", "ALL PRIVILEGES", privilege];
    let also = NEW_NAMES.iter().filter(|(old, _)| *old == privilege).map(|(_, new)| *new);
    entries.iter().any(|(scope, privileges)| {
        covers(scope) && all.into_iter().chain(also.clone()).any(|word| privileges.contains(word))
    })
}

/// Whether a schema's name fits a grant's pattern, as `LIKE` would have it.
fn matches(pattern: &str, schema: &str) -> bool {
    fn fits(pattern: &[char], text: &[char]) -> bool {
        match pattern {
            [] => text.is_empty(),
            ['%', rest @ ..] => (0..=text.len()).any(|skipped| fits(rest, &text[skipped..])),
            ['_', rest @ ..] => !text.is_empty() && fits(rest, &text[1..]),
            ['\\', literal, rest @ ..] | [literal, rest @ ..] => {
                text.first() == Some(literal) && fits(rest, &text[1..])
            }
        }
    }
    let chars = |text: &str| text.chars().collect::<Vec<_>>();
    fits(&chars(pattern), &chars(schema))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grants(lines: &[&str]) -> Grants {
        let mut grants = Grants::default();
        for line in lines {
            let Some(entry) = parse(line, &lex(line).unwrap()) else { continue };
            let revoke = line.starts_with("REVOKE");
            if revoke { &mut grants.revoked } else { &mut grants.given }.push(entry);
        }
        grants
    }

    #[test]
    fn rights_are_found_at_every_level() {
        let grants = grants(&[
            "GRANT PROCESS, REPLICATION SLAVE ON *.* TO `u`@`%`",
            r"GRANT SELECT, INSERT (`id`), LOCK TABLES ON `sh\_op%`.* TO `u`@`%`",
            "GRANT DROP ON `sh_op`.`t` TO `u`@`%`",
            "GRANT `role`@`%` TO `u`@`%`",
            "GRANT PROXY ON ``@`` TO `root`@`localhost` WITH GRANT OPTION",
        ]);
        let missing = |schema: &str, wanted: &[&'static str]| {
            grants.missing_on_table(&TableName::new(schema, "t"), wanted)
        };
        assert_eq!(missing("sh_op", &["SELECT", "LOCK TABLES"]), [""; 0]);
        assert_eq!(missing("shxop", &["SELECT"]), ["SELECT"]);
        assert_eq!(missing("sh_op", &["INSERT", "DROP"]), ["INSERT", "DROP"]);
        assert_eq!(
            grants.missing_everywhere(&["REPLICATION SLAVE", "REPLICATION CLIENT"]),
            ["REPLICATION CLIENT"]
        );
    }

    #[test]
    fn mariadb_has_another_name_for_a_right() {
        let grants = grants(&["GRANT REPLICATION SLAVE, BINLOG MONITOR ON *.* TO `u`@`%`"]);
        assert_eq!(grants.missing_everywhere(TO_READ_LOG), [""; 0]);
    }

    #[test]
    fn what_is_revoked_from_a_schema_is_missing_there() {
        let grants = grants(&[
            "GRANT ALL PRIVILEGES ON *.* TO `u`@`%`",
            "REVOKE SELECT ON `shop`.* FROM `u`@`%`",
        ]);
        assert_eq!(grants.missing_on_schema("shop", &["SELECT", "DROP"]), ["SELECT"]);
        assert_eq!(grants.missing_on_schema("other", &["SELECT"]), [""; 0]);
    }
}
