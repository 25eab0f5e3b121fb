use proptest::prelude::*;

use super::*;

fn clauses(sql: &str) -> Vec<Clause> {
    Statement::parse(sql).unwrap().clauses().to_vec()
}

fn add(name: &str) -> Clause {
    Clause::AddColumn { name: name.into() }
}

fn index(unique: bool, name: Option<&str>) -> Clause {
    Clause::AddIndex { unique, name: name.map(Into::into) }
}

#[test]
fn clauses_are_told_apart() {
    let named = |name: &str| name.to_owned();
    let cases: &[(&str, &[Clause])] = &[
        ("ADD a int", &[add("a")]),
        ("add column `a,b` enum('x,y','(') not null after `c``d`", &[add("a,b")]),
        (
            "ADD (a int, b decimal(4,2), KEY k (a, b), UNIQUE (b))",
            &[add("a"), add("b"), index(false, Some("k")), index(true, None)],
        ),
        ("ADD COLUMN p int REFERENCES parents(id)", &[add("p"), Clause::AddForeignKey]),
        (
            "DROP a, DROP COLUMN `b`",
            &[Clause::DropColumn { name: named("a") }, Clause::DropColumn { name: named("b") }],
        ),
        (
            "CHANGE a b int, CHANGE COLUMN b a int",
            &[
                Clause::ChangeColumn { from: named("a"), to: named("b") },
                Clause::ChangeColumn { from: named("b"), to: named("a") },
            ],
        ),
        ("MODIFY COLUMN a int", &[Clause::ModifyColumn { name: named("a") }]),
        ("RENAME COLUMN a TO b", &[Clause::RenameColumn { from: named("a"), to: named("b") }]),
        ("RENAME KEY a TO b", &[Clause::RenameIndex { from: named("a"), to: named("b") }]),
        ("RENAME TO x", &[Clause::RenameTable]),
        ("RENAME AS x.y", &[Clause::RenameTable]),
        ("RENAME x", &[Clause::RenameTable]),
        ("ALTER a SET DEFAULT (1,2)", &[Clause::AlterColumn { name: named("a") }]),
        ("ALTER INDEX i INVISIBLE", &[Clause::AlterIndexVisibility { name: named("i") }]),
        ("ALTER CHECK c NOT ENFORCED", &[Clause::AlterCheck { name: named("c"), enforced: false }]),
        ("ALTER CONSTRAINT c ENFORCED", &[Clause::AlterCheck { name: named("c"), enforced: true }]),
        ("ADD UNIQUE KEY u (a(10), b)", &[index(true, Some("u"))]),
        ("ADD CONSTRAINT u UNIQUE (a)", &[index(true, None)]),
        ("ADD INDEX USING BTREE (a)", &[index(false, None)]),
        ("ADD FULLTEXT INDEX f (a) WITH PARSER ngram", &[index(false, Some("f"))]),
        ("ADD CONSTRAINT PRIMARY KEY (a)", &[Clause::AddPrimaryKey]),
        ("ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES p (a)", &[Clause::AddForeignKey]),
        ("ADD CONSTRAINT c CHECK (a > 1)", &[Clause::AddCheck]),
        (
            "DROP PRIMARY KEY, DROP KEY k, DROP FOREIGN KEY f, DROP CHECK c, DROP CONSTRAINT d",
            &[
                Clause::DropPrimaryKey,
                Clause::DropIndex { name: named("k") },
                Clause::DropForeignKey { name: named("f") },
                Clause::DropCheck { name: named("c") },
                Clause::DropConstraint { name: named("d") },
            ],
        ),
        ("ALGORITHM=INPLACE, LOCK = NONE", &[Clause::Algorithm, Clause::Lock]),
        (
            "COMMENT='ENGINE' ROW_FORMAT=DYNAMIC",
            &[Clause::Other("COMMENT='ENGINE' ROW_FORMAT=DYNAMIC".into())],
        ),
        (
            "ROW_FORMAT=DYNAMIC ENGINE=InnoDB AUTO_INCREMENT=5",
            &[Clause::Rebuild, Clause::AutoIncrement],
        ),
        ("FORCE", &[Clause::Rebuild]),
        ("CONVERT TO CHARACTER SET utf8mb4", &[Clause::ConvertCharset]),
        ("ORDER BY a", &[Clause::OrderBy]),
        ("DISABLE KEYS", &[Clause::Keys]),
        ("IMPORT TABLESPACE", &[Clause::Tablespace]),
        ("PARTITION BY RANGE (a) (PARTITION p0 VALUES LESS THAN (3))", &[Clause::Partitioning]),
        ("ADD a int PARTITION BY HASH (a) PARTITIONS 4", &[add("a"), Clause::Partitioning]),
        ("ADD a int REMOVE PARTITIONING", &[add("a"), Clause::Partitioning]),
        ("ADD a int /*!50100 PARTITION BY HASH (a) */", &[add("a"), Clause::Partitioning]),
        ("ADD PARTITION (PARTITION p VALUES LESS THAN (9))", &[Clause::PartitionManagement]),
        ("EXCHANGE PARTITION p WITH TABLE t", &[Clause::PartitionManagement]),
        ("/*!80000 RENAME TO x */", &[Clause::RenameTable]),
        ("ADD `primary` int", &[add("primary")]),
        ("ADD", &[Clause::Other("ADD".into())]),
    ];
    for (sql, expected) in cases {
        assert_eq!(clauses(sql), *expected, "{sql}");
    }
}

#[test]
fn whole_statements_name_their_table() {
    for (sql, table, on) in [
        ("ADD a int;", None, "ALTER TABLE `d`.`t` ADD a int"),
        (
            " /* x */ ALTER TABLE `o``1` ADD a int -- done\n ; # bye",
            Some((None, "o`1")),
            "ALTER TABLE `d`.`t` ADD a int",
        ),
        (
            "alter table shop . orders add a int comment 'shop.orders'",
            Some((Some("shop"), "orders")),
            "alter table `d`.`t` add a int comment 'shop.orders'",
        ),
        (
            "CREATE UNIQUE INDEX i USING BTREE ON s.t (a, b)",
            Some((Some("s"), "t")),
            "CREATE UNIQUE INDEX i USING BTREE ON `d`.`t` (a, b)",
        ),
        ("DROP INDEX i ON x", Some((None, "x")), "DROP INDEX i ON `d`.`t`"),
    ] {
        let statement = Statement::parse(sql).unwrap();
        let expected = table.map(|(s, t): (Option<&str>, &str)| (s.map(Into::into), t.into()));
        assert_eq!(statement.table(), expected, "{sql}");
        assert_eq!(statement.on(&TableName::new("d", "t")), on);
    }
}

#[test]
fn the_algorithm_is_added_as_each_form_wants_it() {
    let table = TableName::new("d", "t");
    let on = |sql, algorithm| Statement::parse(sql).unwrap().with_algorithm(&table, algorithm);
    assert_eq!(
        on("ADD a int -- why", Algorithm::Instant),
        "ALTER TABLE `d`.`t` ADD a int, ALGORITHM=INSTANT"
    );
    assert_eq!(
        on("DROP INDEX i", Algorithm::InPlace),
        "ALTER TABLE `d`.`t` DROP INDEX i, ALGORITHM=INPLACE, LOCK=NONE"
    );
    assert_eq!(
        on("DROP INDEX i ON t", Algorithm::InPlace),
        "ALTER TABLE `d`.`t` DROP INDEX `i`, ALGORITHM=INPLACE, LOCK=NONE"
    );
}

#[test]
fn index_statements_are_clauses_too() {
    assert_eq!(clauses("CREATE INDEX i ON t (a)"), [index(false, Some("i"))]);
    assert_eq!(
        clauses("CREATE UNIQUE INDEX i ON t (`lock`) ALGORITHM=INPLACE LOCK=NONE"),
        [index(true, Some("i")), Clause::Algorithm, Clause::Lock]
    );
    assert_eq!(clauses("DROP INDEX `i` ON t"), [Clause::DropIndex { name: "i".into() }]);
}

#[test]
fn what_is_not_one_change_is_an_error() {
    for sql in [
        "",
        " ; -- nothing",
        "ADD a int; DROP b",
        "ALTER TABLE t",
        "ALTER TABLE",
        "CREATE TABLE t (a int)",
        "CREATE INDEX i (a)",
        "ADD a varchar(10",
        "ADD a int DEFAULT 'x",
    ] {
        let error = Statement::parse(sql).unwrap_err();
        assert_eq!((error.kind, error.code), (crate::error::Kind::Usage, "bad_statement"), "{sql}");
    }
}

#[test]
fn backslashes_are_seen_in_text_only() {
    let has = |sql| Statement::parse(sql).unwrap().has_backslashes();
    assert!(has(r"ADD a int COMMENT 'x\'y'"));
    assert!(!has(r"ADD `a\b` int COMMENT 'x''y'"));
}

/// Pieces of clauses: quoted things and comments may hold any commas, quotes and parentheses.
fn piece() -> impl Strategy<Value = String> {
    let inside = "[a-z,();#/*! -]{0,8}";
    prop_oneof![
        "[a-z]{1,6}",
        "[0-9]{1,3}",
        inside.prop_map(|text| format!("'{text}'")),
        inside.prop_map(|text| format!("'{text}\\'{text}''{text}'")),
        inside.prop_map(|text| format!("`{text}``{text}`")),
        inside.prop_map(|text| format!("\"{text}\"")),
        "[a-z,('` ]{0,8}".prop_map(|text| format!("/* {text} */")),
        "[a-z,('` ]{0,8}".prop_map(|text| format!("-- {text}\n")),
        "[a-z,('` ]{0,8}".prop_map(|text| format!("#{text}\n")),
        "[a-z]{1,4}, [a-z]{1,4}".prop_map(|text| format!("({text}, (x, ')'))")),
    ]
}

fn clause() -> impl Strategy<Value = String> {
    prop::collection::vec(piece(), 0..6).prop_map(|pieces| format!("word {}", pieces.join(" ")))
}

proptest! {
    #[test]
    fn splitting_finds_exactly_the_clauses(given in prop::collection::vec(clause(), 1..6)) {
        let text = given.join(",");
        let tokens = lex(&text).unwrap();
        let parts: Vec<&[Token]> = split(&tokens, 0).collect();
        prop_assert_eq!(parts.len(), given.len());
        // Each clause's tokens lie within that clause, and the spans between the commas give the
        // text again.
        let mut start = 0;
        for (part, clause) in parts.iter().zip(&given) {
            let end = start + clause.len();
            prop_assert!(part.iter().all(|t| start <= t.span.start && t.span.end <= end));
            prop_assert_eq!(&text[start..end], clause.as_str());
            start = end + 1;
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in ".{0,60}") {
        if let Ok(statement) = Statement::parse(&text) {
            prop_assert!(text.contains(statement.text()));
        }
    }
}
