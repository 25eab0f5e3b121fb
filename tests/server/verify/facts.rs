//! A mapping, made the short way: the tests know what they changed.

use zosc::mysql::Session;
use zosc::schema::{
    ColumnPair, Generated, KeyColumn, KeyShape, Mapping, PartType, TableName, read,
};

/// Pairs all columns of `original` with those of `shadow` by name, but for `renamed` ones
/// (original's name, shadow's name); the key is that of the index `index`.
pub async fn mapping(
    session: &mut Session,
    original: &TableName,
    shadow: &TableName,
    index: &str,
    renamed: &[(&str, &str)],
) -> Mapping {
    let before = read::table(session, original).await.unwrap().unwrap();
    let after = read::table(session, shadow).await.unwrap().unwrap();
    let new_name = |name: &str| {
        let renamed = renamed.iter().find(|(from, _)| *from == name);
        renamed.map_or(name, |(_, to)| to).to_owned()
    };
    let pairs = after.columns.iter().filter(|shadow| shadow.generated == Generated::No);
    let pairs = pairs.filter_map(|shadow| {
        let original =
            before.columns.iter().find(|column| new_name(&column.name) == shadow.name)?;
        Some(ColumnPair { original: original.clone(), shadow: shadow.clone() })
    });
    let parts = before.index(index).unwrap().columns.iter().map(|part| {
        let column = before.column(part.column.as_deref().unwrap()).unwrap();
        KeyColumn {
            name: column.name.clone(),
            shadow_name: new_name(&column.name),
            position: column.position,
            part: PartType::of(column).unwrap(),
        }
    });
    let key = KeyShape {
        index: index.to_owned(),
        shadow_index: index.to_owned(),
        columns: parts.collect(),
    };
    Mapping { key, columns: pairs.collect(), fills: Vec::new() }
}
