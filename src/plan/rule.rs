//! The rules by which checks speak against a change: a closed set with stable names.

/// A rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // the checks that find them say what they mean
pub enum Rule {
    BinlogRetention,
    BlockersUnseen,
    CheckNames,
    Duplicates,
    Durability,
    EnumMembers,
    ErrantTransactions,
    ForeignKeys,
    GeneratedColumn,
    HelperNames,
    LossyConversion,
    MaxWriteLockCount,
    NewAutoIncrement,
    NoDefault,
    NotNull,
    RowVersions,
    SwapNames,
    TableOptions,
    TimestampConversion,
    TriggerCollation,
    Triggers,
    Views,
}

impl Rule {
    /// All of them, by name.
    pub const ALL: [Self; 22] = [
        Self::BinlogRetention,
        Self::BlockersUnseen,
        Self::CheckNames,
        Self::Duplicates,
        Self::Durability,
        Self::EnumMembers,
        Self::ErrantTransactions,
        Self::ForeignKeys,
        Self::GeneratedColumn,
        Self::HelperNames,
        Self::LossyConversion,
        Self::MaxWriteLockCount,
        Self::NewAutoIncrement,
        Self::NoDefault,
        Self::NotNull,
        Self::RowVersions,
        Self::SwapNames,
        Self::TableOptions,
        Self::TimestampConversion,
        Self::TriggerCollation,
        Self::Triggers,
        Self::Views,
    ];

    /// The stable name, as findings and `--allow` have it.
    pub fn word(self) -> &'static str {
        match self {
            // As the warning of a run.
            Self::BinlogRetention => "binlog_retention",
            Self::BlockersUnseen => "blockers-unseen",
            Self::CheckNames => "check-names",
            Self::Duplicates => "duplicates",
            Self::Durability => "durability",
            Self::EnumMembers => "enum-members",
            Self::ErrantTransactions => "errant-transactions",
            Self::ForeignKeys => "foreign-keys",
            Self::GeneratedColumn => "generated-column",
            Self::HelperNames => "helper-names",
            Self::LossyConversion => "lossy-conversion",
            Self::MaxWriteLockCount => "max-write-lock-count",
            Self::NewAutoIncrement => "new-auto-increment",
            Self::NoDefault => "no-default",
            Self::NotNull => "not-null",
            Self::RowVersions => "row-versions",
            Self::SwapNames => "swap-names",
            Self::TableOptions => "table-options",
            Self::TimestampConversion => "timestamp-conversion",
            Self::TriggerCollation => "trigger-collation",
            Self::Triggers => "triggers",
            Self::Views => "views",
        }
    }

    /// Whether `--allow` of it lets a run go on in spite of what it refuses.
    pub fn is_allowable(self) -> bool {
        matches!(
            self,
            Self::ErrantTransactions
                | Self::LossyConversion
                | Self::TableOptions
                | Self::TriggerCollation
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_order_and_are_words_for_a_flag() {
        let words: Vec<&str> = Rule::ALL.iter().map(|rule| rule.word()).collect();
        assert!(words.is_sorted(), "{words:?}");
        let is_plain = |word: &&str| word.chars().all(|c| matches!(c, 'a'..='z' | '-' | '_'));
        assert!(words.iter().all(is_plain), "{words:?}");
    }
}
