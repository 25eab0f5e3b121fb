//! Members that an ENUM or SET loses: rows that have them stop the copy.

use crate::plan::{Finding, Rule};
use crate::schema::{ColumnPair, TypeName};
use crate::sql::lex::{Kind, lex};

pub(super) fn check(pairs: &[ColumnPair]) -> Vec<Finding> {
    pairs.iter().filter_map(finding).collect()
}

fn finding(pair: &ColumnPair) -> Option<Finding> {
    let (old, new) = (&pair.original, &pair.shadow);
    if old.type_name != new.type_name || !matches!(new.type_name, TypeName::Enum | TypeName::Set) {
        return None;
    }
    let left = members(&new.column_type);
    let lost: Vec<&str> =
        members(&old.column_type).into_iter().filter(|member| !left.contains(member)).collect();
    (!lost.is_empty()).then(|| {
        Finding::warn(
            Rule::EnumMembers,
            format!("column `{}` loses members: {}", old.name, lost.join(", ")),
            "if a row still has one of them the change stops there; see to these rows first",
        )
    })
}

/// The members as the server quotes them.
fn members(column_type: &str) -> Vec<&str> {
    let tokens = lex(column_type).unwrap_or_default();
    let texts = tokens.into_iter().filter(|token| token.kind == Kind::Text);
    texts.map(|token| &column_type[token.span]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::testing::column;
    use crate::schema::Column;

    #[test]
    fn only_removal_is_found() {
        let of = |column_type: &str| Column {
            type_name: TypeName::Enum,
            column_type: column_type.into(),
            ..column("e")
        };
        let check_one = |old: &str, new: &str| {
            let pair = ColumnPair { original: of(old), shadow: of(new) };
            check(&[pair]).first().map(|finding| finding.message.clone())
        };
        assert_eq!(check_one("enum('a','b')", "enum('b','c','a')"), None);
        assert_eq!(
            check_one("enum('a','b,''c')", "enum('a','b')").unwrap(),
            "column `e` loses members: 'b,''c'"
        );
    }
}
