//! What a server has done so far, in words that mean the same on every server that it is replicated
//! to: global transaction ids. A place in a binary log means something on one server only.

use std::fmt;
use std::str::FromStr as _;

use mysql_common::packets::Sid;

use super::{Flavour, Session, text};
use crate::error::{Error, Result};

/// The transactions that a server had committed at some moment: on MySQL a set of GTIDs, on MariaDB
/// the last GTID of each domain in its log.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct History(String);

impl History {
    /// What is committed by now; `None` where transactions have no GTIDs.
    pub async fn of(session: &mut Session) -> Result<Option<Self>> {
        let sql = match session.flavour() {
            Flavour::Mysql => "SELECT IF(@@GLOBAL.gtid_mode = 'ON', @@GLOBAL.gtid_executed, '')",
            Flavour::Mariadb => "SELECT @@GLOBAL.gtid_binlog_pos",
        };
        let words: Option<String> = session.one(sql).await?;
        let words = words.unwrap_or_default().replace('\n', "");
        Ok(Some(Self(words)).filter(|history| !history.0.is_empty()))
    }

    /// What of this the server has not; `None` when it has all.
    pub async fn missing_on(&self, session: &mut Session) -> Result<Option<String>> {
        let missing = match session.flavour() {
            Flavour::Mysql => {
                let all = "@@GLOBAL.gtid_executed";
                session.one(format!("SELECT GTID_SUBTRACT({}, {all})", text(&self.0))).await?
            }
            Flavour::Mariadb => {
                let state: String = session.one("SELECT @@GLOBAL.gtid_binlog_state").await?;
                not_in_state(&self.0, &state)?
            }
        };
        Ok(Some(missing).filter(|missing: &String| !missing.is_empty()))
    }

    /// Whether the server lacks one of the transactions of the server `uuid` that are later than this
    /// history, and has a later one: a replica that applies several at once may have been promoted
    /// so. Within a domain a MariaDB applies them in their order.
    pub async fn has_gap_on(&self, session: &mut Session, uuid: &str) -> Result<bool> {
        match session.flavour() {
            Flavour::Mysql => {
                let all: String = session.one("SELECT @@GLOBAL.gtid_executed").await?;
                has_gap(&sids(&self.0)?, &sids(&all.replace('\n', ""))?, uuid)
            }
            Flavour::Mariadb => Ok(false),
        }
    }

    /// As the request for a MySQL's log has it.
    pub fn sids(&self) -> Result<Vec<Sid<'static>>> {
        sids(&self.0)
    }

    /// As the literal that a MariaDB is told to begin behind.
    pub fn literal(&self) -> String {
        text(&self.0)
    }
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn sids(set: &str) -> Result<Vec<Sid<'static>>> {
    let known = |sid: &str| Sid::from_str(sid.trim()).map_err(|error| unreadable(sid, &error));
    set.split(',').filter(|sid| !sid.trim().is_empty()).map(known).collect()
}

/// For each tag of the server's: what it has done must be whole from the end of `before` on.
fn has_gap(before: &[Sid<'_>], now: &[Sid<'_>], uuid: &str) -> Result<bool> {
    for sid in now {
        let words = sid.to_string();
        let Some(numbers) = words.strip_prefix(&uuid.to_ascii_lowercase()) else { continue };
        let same = |known: &&Sid<'_>| known.uuid() == sid.uuid() && known.tag() == sid.tag();
        let reached = match before.iter().find(same) {
            Some(known) => last_interval(&known.to_string())?.1,
            None => 0,
        };
        if last_interval(numbers)?.0 > reached + 1 {
            return Ok(true);
        }
    }
    Ok(false)
}

/// First and last number of the last interval.
fn last_interval(words: &str) -> Result<(u64, u64)> {
    let last = words.rsplit(':').next().unwrap_or_default();
    let (first, last) = last.split_once('-').unwrap_or((last, last));
    let number = |digits: &str| digits.parse().map_err(|error| unreadable(words, &error));
    Ok((number(first)?, number(last)?))
}

/// What of a MariaDB's position is not in the state of a log: the state has the last number of each
/// server in each domain, and a server numbers its transactions upwards.
fn not_in_state(position: &str, state: &str) -> Result<String> {
    let state = state.split(',').filter(|gtid| !gtid.is_empty()).map(gtid);
    let state = state.collect::<Result<Vec<_>>>()?;
    let mut missing = Vec::new();
    for words in position.split(',') {
        let (origin, number) = gtid(words)?;
        if !state.iter().any(|(known, last)| *known == origin && *last >= number) {
            missing.push(words);
        }
    }
    Ok(missing.join(","))
}

/// `domain-server-number`; the first two together.
fn gtid(words: &str) -> Result<(&str, u64)> {
    let (origin, number) = words
        .trim()
        .rsplit_once('-')
        .ok_or_else(|| unreadable(words, &"two dashes are missing"))?;
    Ok((origin, number.parse().map_err(|error| unreadable(words, &error))?))
}

fn unreadable(words: &str, why: &impl std::fmt::Display) -> Error {
    Error::failed("gtid_not_readable", format!("`{words}` is not understood as a GTID: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "11111111-1111-1111-1111-111111111111";
    const NEW: &str = "22222222-2222-2222-2222-222222222222";

    #[test]
    fn a_gap_is_between_what_was_known_and_the_newest() {
        let gap = |before: &str, now: &str| {
            let set = |words: &str| sids(&words.replace('A', OLD).replace('B', NEW)).unwrap();
            has_gap(&set(before), &set(now), OLD).unwrap()
        };
        assert!(!gap("A:1-5", "A:1-5"));
        assert!(!gap("A:1-5", "A:1-9,B:1-2:7"), "another server's own do not matter");
        assert!(gap("A:1-5", "A:1-6:8"));
        assert!(!gap("A:1-3:5", "A:1-3:5-9"), "what the first one never had");
        assert!(!gap("B:1", "A:1-9"));
        assert!(gap("B:1", "A:2-9"));
        assert!(gap("A:1-5,A:tag:1-5", "A:1-5,A:tag:1-5:7"));
    }

    #[test]
    fn a_state_has_what_its_servers_have_reached() {
        let missing = |position, state| not_in_state(position, state).unwrap();
        assert_eq!(missing("0-1-100", "0-1-100"), "");
        assert_eq!(missing("0-1-100", "0-1-105,0-2-106"), "");
        assert_eq!(missing("0-1-100,7-3-1", "0-1-105,0-2-106"), "7-3-1");
        assert_eq!(missing("0-1-100", "0-1-99,0-2-106"), "0-1-100", "two servers were written to");
        assert_eq!(missing("0-1-100", ""), "0-1-100");
        assert!(not_in_state("x", "").is_err());
    }
}
