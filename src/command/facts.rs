//! What a command is told: flat facts, as one JSON object and as environment.

use serde_json::Value;

/// The system bounds what one variable may hold; what is longer comes on stdin alone.
const LONGEST: usize = 32 << 10;

/// Facts by their names, in order.
#[derive(Debug, Clone)]
pub struct Facts(Vec<(&'static str, Value)>);

impl Default for Facts {
    /// Only the version of the form.
    fn default() -> Self {
        Self(vec![("v", Value::from(1))])
    }
}

impl Facts {
    /// Sets one.
    pub fn put(&mut self, name: &'static str, value: impl Into<Value>) {
        let value = value.into();
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name, value)),
        }
    }

    /// Sets one that may not be known: null, and not in the environment.
    pub fn put_known(&mut self, name: &'static str, value: Option<impl Into<Value>>) {
        self.put(name, value.map_or(Value::Null, Into::into));
    }

    /// One object on one line.
    pub(super) fn json(&self) -> String {
        // A map would sort them.
        let members: Vec<String> =
            self.0.iter().map(|(name, value)| format!("{}:{value}", Value::from(*name))).collect();
        format!("{{{}}}\n", members.join(","))
    }

    /// `ZOSC_` and the name in capitals, with the value as text.
    pub(super) fn environment(&self) -> impl Iterator<Item = (String, String)> {
        self.0.iter().filter_map(|(name, value)| {
            let text = match value {
                Value::Null => return None,
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let fits = text.len() <= LONGEST && !text.contains('\0');
            fits.then(|| (format!("ZOSC_{}", name.to_ascii_uppercase()), text))
        })
    }
}
