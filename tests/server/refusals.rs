//! Bad input: a sentence that names the object, a way out, the right exit code, and an original that
//! is as it was, with nothing beside it.

use crate::support::address::Address;
use crate::support::ground::{Ground, PATIENCE};
use crate::support::place::{Place, played};
use crate::support::zosc::{self, Ran};

played! {
    everywhere:
        a_text_that_is_too_long,
        a_number_that_is_too_large,
        characters_that_the_new_charset_lacks,
        a_check_that_does_not_hold,
        no_partition_for_a_row;
    on_both_servers:
        a_wrong_password,
        a_server_that_is_not_there,
        no_such_table,
        a_view,
        no_usable_key,
        a_clause_that_the_server_does_not_understand,
        a_column_that_is_not_there,
        duplicates_under_a_new_unique_key,
        null_into_not_null,
        fractions_of_seconds_that_would_be_rounded,
        an_enum_member_in_use_that_would_go;
}

/// A run that was refused, and the schema it was about.
struct Refusal {
    ran: Ran,
    schema: String,
}

impl Refusal {
    /// Runs zosc, which must fail and leave everything as it was.
    async fn of(ground: &Ground, table: &str, alter: &str) -> Self {
        let ran = ground.start(table, alter, &[]).wait(PATIENCE);
        ground.is_as_before(&ran).await;
        Self { ran, schema: ground.schema.clone() }
    }

    /// Checks the exit code, the slug, what the sentence must name
    /// (`{s}` is the schema), and that there is a way out.
    fn says(&self, exit_code: i32, code: &str, named: &[&str]) {
        let ran = &self.ran;
        let error = ran.error();
        assert_eq!((ran.code, error["code"].as_str()), (exit_code, Some(code)), "{ran:#?}");
        ran.finished();
        let message = error["message"].as_str().unwrap_or_default();
        for name in named {
            let name = name.replace("{s}", &self.schema);
            assert!(message.contains(&name), "the message does not name {name}: {message}");
        }
        assert!(!message.contains('\n'), "more than a sentence: {message}");
        let hint = error["hint"].as_str().unwrap_or_default();
        assert!(!hint.is_empty(), "no way out: {error}");
    }
}

const ORDERS: &[&str] = &[
    "CREATE TABLE orders (id INT PRIMARY KEY, code INT, name VARCHAR(20), n INT, m DATETIME(6), \
     e ENUM('a','b'))",
    "INSERT INTO orders VALUES (1, 10, 'short', 5, '2024-01-01 23:59:59.7', 'a'), \
     (2, 10, 'rather long', NULL, '2024-01-01 00:00:00', 'b'), (3, 30, '日本', 7000000, NULL, NULL)",
];

async fn a_wrong_password(place: Place) {
    let ground = Ground::laid("refuse_password", place, ORDERS).await;
    ground
        .address
        .run(&[
            "DROP USER IF EXISTS refuse_password",
            "CREATE USER refuse_password IDENTIFIED BY 'right'",
            "GRANT ALL ON *.* TO refuse_password",
        ])
        .await;
    let wrong = Address {
        user: "refuse_password".to_owned(),
        password: Some("very wrong".to_owned()),
        ..ground.address.clone()
    };
    let table = format!("{}.orders", ground.schema);
    let args = ["--alter", "ADD COLUMN c INT", &table];
    let refusal =
        Refusal { ran: zosc::start(&wrong, &args).wait(PATIENCE), schema: ground.schema.clone() };
    ground.is_as_before(&refusal.ran).await;
    refusal.says(4, "access_denied", &["refuse_password"]);
    let told = format!("{:?}", refusal.ran);
    assert!(!told.contains("very wrong"), "the password is told: {told}");
    ground.address.run(&["DROP USER refuse_password"]).await;
    ground.gone().await;
}

async fn a_server_that_is_not_there(place: Place) {
    let ground = Ground::laid("refuse_server", place, ORDERS).await;
    let nowhere = Address { port: 1, ..ground.address.clone() };
    let table = format!("{}.orders", ground.schema);
    let args = ["--alter", "ADD COLUMN c INT", &table];
    let refusal =
        Refusal { ran: zosc::start(&nowhere, &args).wait(PATIENCE), schema: ground.schema.clone() };
    ground.is_as_before(&refusal.ran).await;
    refusal.says(4, "cannot_connect", &["127.0.0.1"]);
    ground.gone().await;
}

async fn no_such_table(place: Place) {
    let ground = Ground::laid("refuse_no_table", place, ORDERS).await;
    let refusal = Refusal::of(&ground, "missing", "ADD COLUMN c INT").await;
    refusal.says(3, "no_such_table", &["{s}.missing"]);
    ground.gone().await;
}

async fn a_view(place: Place) {
    let ground =
        Ground::laid("refuse_view", place, &[ORDERS[0], "CREATE VIEW v AS SELECT id FROM orders"])
            .await;
    Refusal::of(&ground, "v", "ADD COLUMN c INT").await.says(3, "not_a_base_table", &["{s}.v"]);
    ground.gone().await;
}

async fn no_usable_key(place: Place) {
    let ground = Ground::laid(
        "refuse_key",
        place,
        &["CREATE TABLE t (a INT, b VARCHAR(20) NOT NULL, f FLOAT NOT NULL, \
           UNIQUE KEY nullable (a), UNIQUE KEY prefix (b(5)), UNIQUE KEY inexact (f))"],
    )
    .await;
    Refusal::of(&ground, "t", "ADD COLUMN c INT").await.says(3, "no_usable_key", &["{s}.t"]);
    ground.gone().await;
}

async fn a_clause_that_the_server_does_not_understand(place: Place) {
    let ground = Ground::laid("refuse_clause", place, ORDERS).await;
    let refusal = Refusal::of(&ground, "orders", "ADD COLUMN c INTEGRE").await;
    refusal.says(2, "bad_statement", &["INTEGRE"]);
    ground.gone().await;
}

async fn a_column_that_is_not_there(place: Place) {
    let ground = Ground::laid("refuse_column", place, ORDERS).await;
    Refusal::of(&ground, "orders", "DROP COLUMN nix").await.says(3, "alter_refused", &["nix"]);
    ground.gone().await;
}

async fn duplicates_under_a_new_unique_key(place: Place) {
    let ground = Ground::laid("refuse_duplicate", place, ORDERS).await;
    let refusal = Refusal::of(&ground, "orders", "ADD UNIQUE KEY one_code (code)").await;
    refusal.says(3, "duplicates", &["one_code"]);
    ground.gone().await;
}

async fn null_into_not_null(place: Place) {
    let ground = Ground::laid("refuse_null", place, ORDERS).await;
    let refusal = Refusal::of(&ground, "orders", "MODIFY n INT NOT NULL").await;
    assert_eq!(refusal.ran.code, 3, "{:#?}", refusal.ran);
    ground.gone().await;
}

async fn a_text_that_is_too_long(place: Place) {
    let ground = Ground::laid("refuse_long", place, ORDERS).await;
    let refusal = Refusal::of(&ground, "orders", "MODIFY name VARCHAR(5)").await;
    refusal.says(1, "value_does_not_fit", &["{s}.orders", "name"]);
    ground.gone().await;
}

async fn a_number_that_is_too_large(place: Place) {
    let ground = Ground::laid("refuse_large", place, ORDERS).await;
    let refusal = Refusal::of(&ground, "orders", "MODIFY n SMALLINT").await;
    refusal.says(1, "value_does_not_fit", &["{s}.orders", "n"]);
    ground.gone().await;
}

async fn characters_that_the_new_charset_lacks(place: Place) {
    let ground = Ground::laid("refuse_charset", place, ORDERS).await;
    let refusal =
        Refusal::of(&ground, "orders", "MODIFY name VARCHAR(20) CHARACTER SET latin1").await;
    refusal.says(1, "value_does_not_fit", &["{s}.orders", "name"]);
    ground.gone().await;
}

async fn a_check_that_does_not_hold(place: Place) {
    let ground = Ground::laid("refuse_check", place, ORDERS).await;
    let refusal = Refusal::of(&ground, "orders", "ADD CONSTRAINT small CHECK (n < 100)").await;
    refusal.says(1, "check_violated", &["{s}.orders", "small"]);
    ground.gone().await;
}

async fn no_partition_for_a_row(place: Place) {
    let ground = Ground::laid("refuse_partition", place, ORDERS).await;
    let alter = "PARTITION BY RANGE (id) (PARTITION low VALUES LESS THAN (3))";
    let refusal = Refusal::of(&ground, "orders", alter).await;
    assert!(matches!(refusal.ran.code, 1 | 3), "{:#?}", refusal.ran);
    ground.gone().await;
}

/// The server would round without a word.
async fn fractions_of_seconds_that_would_be_rounded(place: Place) {
    let ground = Ground::laid("refuse_lossy", place, ORDERS).await;
    let refusal = Refusal::of(&ground, "orders", "MODIFY m DATETIME").await;
    assert_eq!(refusal.ran.code, 3, "{:#?}", refusal.ran);
    ground.gone().await;
}

async fn an_enum_member_in_use_that_would_go(place: Place) {
    let ground = Ground::laid("refuse_enum", place, ORDERS).await;
    let refusal = Refusal::of(&ground, "orders", "MODIFY e ENUM('a')").await;
    assert!(matches!(refusal.ran.code, 1 | 3), "{:#?}", refusal.ran);
    ground.gone().await;
}
