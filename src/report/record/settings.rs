//! The settings of a run as a report tells them: without accounts, passwords or addresses' secrets.

use serde_json::{Map, Value};
use zosc::settings::{Setting, Settings};

/// Those that are set, by the names of their flags, as they may be written.
pub(super) fn told(settings: &Settings) -> Value {
    let set = Setting::ALL.into_iter().filter_map(|setting| {
        let value = setting.value(settings);
        (!value.is_empty()).then(|| (setting.word().to_owned(), Value::from(value)))
    });
    Value::from(set.collect::<Map<_, _>>())
}
