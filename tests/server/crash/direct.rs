//! Deaths round a change that the server makes itself.

use serde_json::Value;

use crate::support::ground::{Ground, PATIENCE};
use crate::support::place::{Place, played};
use crate::support::proxy::{Deed, Proxy, When};
use crate::support::zosc::{self as program, Ran};

played! {
    on_both_servers:
        before_the_server_is_told,
        when_it_is_done,
        when_it_is_done_in_place,
        when_a_check_is_gone,
        when_its_answer_is_lost,
        when_another_has_changed_it,
        when_nothing_can_tell,
        when_it_was_given_up;
}

const INSTANT: &str = "ADD COLUMN c INT COMMENT 'don''t'";

const TABLE: &str = "CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, v VARCHAR(20), \
                     u INT CHECK (u < 9), KEY u (u), CONSTRAINT small CHECK (u < 1000)) \
                     COMMENT 'AUTO_INCREMENT=3' AUTO_INCREMENT=7";

async fn laid(name: &str, place: Place) -> Ground {
    Ground::laid(name, place, &[TABLE, "INSERT INTO t (v) VALUES ('a'), ('b')"]).await
}

impl Ground {
    fn dies(&self, at: &str, alter: &str) {
        let args = ["--journal-schema", &self.schema, "--alter", alter, &self.name()];
        let ran = program::start_doomed(&self.address, at, &args).wait(PATIENCE);
        assert_eq!(ran.code, -1, "it did not die at {at}: {ran:#?}");
    }

    fn given_again(&self, alter: &str) -> Ran {
        let args = ["--journal-schema", &self.schema, "--alter", alter, &self.name()];
        program::start(&self.address, &args).wait(PATIENCE)
    }

    fn name(&self) -> String {
        format!("{}.t", self.schema)
    }

    async fn phases(&self) -> Vec<String> {
        self.column("SELECT phase FROM run ORDER BY id").await
    }
}

fn ends(ran: &Ran, outcome: &str) {
    assert_eq!((ran.code, &ran.finished()["outcome"]), (0, &Value::from(outcome)), "{ran:#?}");
}

async fn before_the_server_is_told(place: Place) {
    let ground = laid("direct_before", place).await;
    ground.dies("alter-noted", INSTANT);
    ends(&ground.given_again(INSTANT), "instant");
    assert_eq!(ground.phases().await, ["failed", "direct"]);
    ground.dies("alter-noted", "DROP COLUMN c");
    let flags = ["--journal-schema", &ground.schema];
    ends(&program::command(&ground.address, &["resume", "3"], &flags).wait(PATIENCE), "instant");
    ground.gone().await;
}

async fn when_it_is_done(place: Place) {
    let ground = laid("direct_done", place).await;
    ground.dies("altered", INSTANT);
    assert_eq!(ground.phases().await, ["altering"]);
    ends(&ground.given_again(INSTANT), "already");
    assert_eq!(ground.phases().await, ["direct"]);
    assert_eq!(ground.column("SELECT COUNT(*) FROM t WHERE c IS NULL").await, ["2"]);
    ground.gone().await;
}

async fn when_it_is_done_in_place(place: Place) {
    let ground = laid("direct_place", place).await;
    let alter = "DROP KEY u, COMMENT 'new'";
    ground.dies("altered", alter);
    ends(&ground.given_again(alter), "already");
    // Another change finds the table as it was left.
    ground.dies("altered", INSTANT);
    ends(&ground.given_again("DROP COLUMN c"), "instant");
    assert_eq!(ground.phases().await, ["direct"; 3]);
    ground.gone().await;
}

/// The same process looks whether it is done.
async fn when_its_answer_is_lost(place: Place) {
    let ground = laid("direct_lost", place).await;
    let proxy = Proxy::before(&ground.address);
    proxy.on("ALGORITHM=INSTANT", When::The(1), Deed::LoseReply);
    let flags = ["--ssl-mode=disabled", "--journal-schema", &ground.schema];
    let name = ground.name();
    let args = [&flags[..], &["--alter", INSTANT, &name]].concat();
    ends(&program::start(proxy.address(), &args).wait(PATIENCE), "already");
    assert_eq!(ground.phases().await, ["direct"]);
    ground.gone().await;
}

/// A clone could not tell how the definition would be: its constraints have other names.
async fn when_a_check_is_gone(place: Place) {
    let ground = laid("direct_check", place).await;
    let word = if place.database.is_mysql() { "CHECK" } else { "CONSTRAINT" };
    let alter = format!("DROP {word} small");
    ground.dies("altered", &alter);
    ends(&ground.given_again(&alter), "already");
    if place.database.is_mysql() {
        let alter = "ALTER CHECK t_chk_1 NOT ENFORCED";
        ground.dies("altered", alter);
        ends(&ground.given_again(alter), "already");
    }
    ground.gone().await;
}

async fn when_another_has_changed_it(place: Place) {
    let ground = laid("direct_other", place).await;
    ground.dies("alter-noted", INSTANT);
    ground.run(&["ALTER TABLE t ADD COLUMN sly INT"]).await;
    is_refused(&ground, INSTANT).await;
    assert_eq!(
        program::command(
            &ground.address,
            &["clean", "1"],
            &["--journal-schema", &ground.schema, "--yes",]
        )
        .wait(PATIENCE)
        .code,
        0
    );
    ends(&ground.given_again(INSTANT), "instant");
    ground.gone().await;
}

/// The definition is the same before and after; made twice it would lose what was written since.
async fn when_nothing_can_tell(place: Place) {
    let ground = laid("direct_same", place).await;
    let alter = "DROP COLUMN v, ADD COLUMN v VARCHAR(20) AFTER id";
    ends(&ground.given_again(alter), "instant");
    ground.dies("altered", alter);
    ground.run(&["UPDATE t SET v = 'new'"]).await;
    is_refused(&ground, alter).await;
    assert_eq!(ground.column("SELECT DISTINCT v FROM t").await, ["new"]);
    ground.gone().await;
}

async fn is_refused(ground: &Ground, alter: &str) {
    let before = ground.look("t").await;
    let ran = ground.given_again(alter);
    assert_eq!((ran.code, &ran.error()["code"]), (3, &Value::from("cannot_resume")), "{ran:#?}");
    assert_eq!(ground.look("t").await, before);
}

async fn when_it_was_given_up(place: Place) {
    let ground = laid("direct_clean", place).await;
    ground.dies("altered", INSTANT);
    let flags = ["--journal-schema", &ground.schema, "--yes"];
    assert_eq!(program::command(&ground.address, &["clean"], &flags).wait(PATIENCE).code, 0);
    assert_eq!(ground.phases().await, ["direct"], "the journal tells what became of it");
    ground.gone().await;
}
