//! Who has said what that changes the run.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use serde_json::{Value, json};

use crate::event::{Event, Events};

/// So many entries are kept, the last ones.
const KEPT: usize = 100;
/// Longer words are cut.
const LONGEST: usize = 500;

/// Cheap to clone; all clones are one log.
#[derive(Debug, Clone, Default)]
pub(super) struct Audit {
    entries: Arc<Mutex<VecDeque<Entry>>>,
}

#[derive(Debug)]
struct Entry {
    at: SystemTime,
    by: String,
    words: String,
    ok: bool,
}

impl Audit {
    /// Notes it, and says it to all who listen to the run.
    pub(super) fn note(&self, events: &Events, by: &str, words: &str, ok: bool) {
        let words = without_secrets(words);
        let mut entries = self.entries();
        if entries.len() == KEPT {
            entries.pop_front();
        }
        let (at, by) = (SystemTime::now(), by.to_owned());
        entries.push_back(Entry { at, by: by.clone(), words: words.clone(), ok });
        events.say(Event::Command { by, words, ok });
    }

    /// A line each, the newest last.
    pub(super) fn text(&self) -> String {
        let line = |Entry { at, by, words, ok }: &Entry| {
            let refused = if *ok { "" } else { " (refused)" };
            format!("{} {by}: {words}{refused}\n", humantime::format_rfc3339_seconds(*at))
        };
        let lines: String = self.entries().iter().map(line).collect();
        if lines.is_empty() { "nobody has changed anything\n".to_owned() } else { lines }
    }

    /// A list of objects, the newest last.
    pub(super) fn json(&self) -> Value {
        let entry = |Entry { at, by, words, ok }: &Entry| {
            let at = humantime::format_rfc3339_millis(*at).to_string();
            json!({ "at": at, "by": by, "words": words, "ok": ok })
        };
        self.entries().iter().map(entry).collect()
    }

    fn entries(&self) -> MutexGuard<'_, VecDeque<Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// In URLs, what stands between the name of an account and its host; of web addresses the query,
/// too.
pub(super) fn without_secrets(words: &str) -> String {
    let mut shown = String::new();
    let mut rest = words;
    while let Some((before, url)) = rest.split_once("://") {
        let authority = url.find(['/', '?', '#', ',', ' ', '"']).unwrap_or(url.len());
        shown += before;
        shown += "://";
        rest = url;
        if let Some(at) = url[..authority].rfind('@') {
            let (account, host) = url.split_at(at);
            let user = account.split_once(':').map_or(account, |(user, _)| user);
            shown += user;
            shown += if user == account { "" } else { ":***" };
            rest = host;
        }
        if before.ends_with("http") || before.ends_with("https") {
            let end = rest.find([' ', '"']).unwrap_or(rest.len());
            if let Some(query) = rest[..end].find(['?', '#']) {
                shown += &rest[..query];
                shown += "?***";
                rest = &rest[end..];
            }
        }
    }
    (shown + rest).chars().filter(|letter| !letter.is_control()).take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_not_repeated() {
        for (words, shown) in [
            ("max-lag 2s", "max-lag 2s"),
            ("replica=mysql://a:pw@h:1/,db2", "replica=mysql://a:***@h:1/,db2"),
            ("replica=mysql://a@h,mysql://b:p@x@g", "replica=mysql://a@h,mysql://b:***@g"),
            ("throttle-http=https://u:p@h/x?y=a@b", "throttle-http=https://u:***@h/x?***"),
            ("throttle-http=http://h?token=a,b://c next", "throttle-http=http://h?*** next"),
            (r#"{"throttle-http":"https://h/#t"}"#, r#"{"throttle-http":"https://h/?***"}"#),
            ("replica=mysql://a:pw@h/s?x=y", "replica=mysql://a:***@h/s?x=y"),
            ("throttle-http=https://h/x@y:z", "throttle-http=https://h/x@y:z"),
        ] {
            assert_eq!(without_secrets(words), shown);
        }
    }

    #[test]
    fn the_last_ones_are_kept() {
        let (audit, (events, _heard)) = (Audit::default(), Events::channel());
        for number in 0..KEPT + 5 {
            audit.note(&events, "uid 1 (pid 2)", &format!("workers {number}"), number % 2 == 0);
        }
        let json = audit.json();
        assert_eq!(json.as_array().unwrap().len(), KEPT);
        assert_eq!(json[0]["words"], "workers 5");
        assert!(audit.text().lines().last().unwrap().ends_with("uid 1 (pid 2): workers 104"));
        assert!(audit.text().contains("workers 103 (refused)"));
    }
}
