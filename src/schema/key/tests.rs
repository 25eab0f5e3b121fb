//! Keys as SQL.

use super::*;

fn integers(names: &[&str]) -> KeyShape {
    let columns = names.iter().enumerate().map(|(position, name)| KeyColumn {
        name: (*name).to_owned(),
        shadow_name: format!("{name}_new"),
        position,
        part: PartType::Integer { unsigned: false, bytes: 4 },
    });
    KeyShape { index: "PRIMARY".into(), shadow_index: "PRIMARY".into(), columns: columns.collect() }
}

fn key(values: &[i64]) -> Key {
    Key(values.iter().map(|value| KeyPart::Int(*value)).collect())
}

#[test]
fn a_single_column_range_is_half_open() {
    let shape = integers(&["id"]);
    assert_eq!(
        shape.range(Side::Original, Some(&key(&[1])), Some(&key(&[5]))),
        "`id` > 1 AND `id` <= 5"
    );
    assert_eq!(shape.range(Side::Original, None, None), "TRUE");
}

#[test]
fn a_composite_range_is_lexicographic() {
    let shape = integers(&["a", "b"]);
    assert_eq!(
        shape.range(Side::Shadow, Some(&key(&[1, 2])), None),
        "`a_new` >= 1 AND (`a_new` > 1 OR (`a_new` = 1 AND `b_new` > 2))"
    );
    assert_eq!(
        shape.range(Side::Original, None, Some(&key(&[1, 2]))),
        "`a` <= 1 AND (`a` < 1 OR (`a` = 1 AND `b` <= 2))"
    );
}

#[test]
fn lists_of_keys() {
    let shape = integers(&["a", "b"]);
    let keys = [key(&[1, 2]), key(&[-3, 4])];
    assert_eq!(shape.is_one_of(Side::Original, &keys), "(`a`, `b`) IN ((1, 2), (-3, 4))");
    assert_eq!(shape.is_one_of(Side::Original, &[]), "FALSE");
    assert_eq!(
        shape.is_one_of_in(Side::Shadow, &TableName::new("d", "t"), &keys[..1]),
        "(`d`.`t`.`a_new`, `d`.`t`.`b_new`) IN ((1, 2))"
    );
}

#[test]
fn an_enum_is_not_compared_inside_a_row() {
    let mut shape = integers(&["a", "b"]);
    shape.columns[0].part = PartType::Enum;
    let keys = [key(&[1, 2]), key(&[3, 4])];
    assert_eq!(
        shape.is_one_of(Side::Original, &keys),
        "((`a` = 1 AND `b` = 2) OR (`a` = 3 AND `b` = 4))"
    );
    assert_eq!(shape.is_one_of(Side::Original, &[]), "FALSE");
}

#[test]
fn text_is_written_in_its_own_character_set() {
    let column = KeyColumn {
        name: "n".into(),
        shadow_name: "n".into(),
        position: 0,
        part: PartType::Text { charset: "latin1".into(), collation: "latin1_bin".into() },
    };
    let part = column.parse(b"E9").unwrap();
    assert_eq!(part, KeyPart::Bytes(Box::new([0xE9])));
    assert_eq!(column.literal(&part), "_latin1 X'E9'");
    assert_eq!(column.collated_literal(&part), "_latin1 X'E9' COLLATE latin1_bin");
    assert!(column.parse(b"E").is_err());
}
