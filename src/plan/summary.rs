//! A plan in short, for events and for people.

use serde_json::{Value, json};

use super::{Finding, Level, Method, Plan};
use crate::request::Request;
use crate::schema::ColumnPair;

impl Plan {
    /// What a person or a wrapper wants to know: one object, without the tables' whole definitions.
    /// What only a copy has (`mode`, `key_index`, `key`, `columns`) is null elsewhere; each finding
    /// says whether the request allows it.
    pub fn summary(&self, request: &Request) -> Value {
        let (method, copy) = match &self.method {
            Method::Nothing => ("nothing", None),
            Method::Instant => ("instant", None),
            Method::InPlace => ("in_place", None),
            Method::Copy(copy) => ("copy", Some(copy)),
        };
        let mapping = copy.map(|copy| &copy.mapping);
        let names = |pair: &ColumnPair| json!({ "original": pair.original.name, "shadow": pair.shadow.name });
        let finding = |finding: &Finding| {
            let level = finding.level_for(request);
            json!({
                "rule": finding.rule,
                "level": level,
                "message": finding.message,
                "hint": finding.hint,
                "allowable": finding.allowable,
                "allowed": level == Level::Refuse && !finding.forbids(request),
            })
        };
        json!({
            "original": self.original.name.plain(),
            "method": method,
            "reason": self.reason,
            "mode": copy.map(|copy| copy.capture),
            "mode_reason": copy.map(|copy| &copy.capture_reason),
            "swap": copy.map(|copy| copy.swap),
            "rows_estimate": self.original.rows_estimate,
            "bytes": self.original.bytes_estimate,
            "key_index": mapping.map(|mapping| &mapping.key.index),
            "key": mapping.map(|mapping| {
                mapping.key.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>()
            }),
            "columns": mapping.map(|mapping| mapping.columns.iter().map(names).collect::<Vec<_>>()),
            "findings": self.findings.iter().map(finding).collect::<Vec<_>>(),
        })
    }
}
