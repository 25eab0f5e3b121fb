//! A change under the caller's own name is made once, as long as it stands; what another change has
//! kept makes room.

use serde_json::Value;

use crate::support::ground::{Ground, PATIENCE};
use crate::support::place::{Place, played};
use crate::support::zosc::{self, Ran};

played! {
    on_both_servers:
        a_change_stands_until_it_is_taken_back,
        what_is_kept_makes_room;
}

impl Ground {
    fn asked(&self, alter: &str, flags: &[&str]) -> Ran {
        let name = format!("{}.t", self.schema);
        let ours = ["--journal-schema", &self.schema, "--alter", alter, &name];
        zosc::start(&self.address, &[flags, &ours].concat()).wait(PATIENCE)
    }
}

const TABLE: &str = "CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, v VARCHAR(20), KEY v (v))";

fn ends(ran: &Ran, outcome: &str) {
    assert_eq!((ran.code, &ran.finished()["outcome"]), (0, &Value::from(outcome)), "{ran:#?}");
}

async fn a_change_stands_until_it_is_taken_back(place: Place) {
    let ground = Ground::laid("names_stands", place, &[TABLE]).await;
    let up_one = || ground.asked("ADD COLUMN one INT", &["--id=up:1", "--undoes=down:"]);
    let up_two = || ground.asked("ADD COLUMN two INT", &["--id=up:2", "--undoes=down:", "--copy"]);
    let down = || ground.asked("DROP COLUMN one", &["--id=down:1", "--undoes=up:"]);
    ends(&up_one(), "instant");
    ends(&up_one(), "already");
    ground.run(&["INSERT INTO t (v) VALUES ('counts on')"]).await;
    // What runs have done since is known.
    ends(&up_two(), "copied");
    ends(&up_one(), "already");
    ends(&up_two(), "already");
    let taken = ground.asked("ADD COLUMN other INT", &["--id=up:1"]);
    assert_eq!((taken.code, &taken.error()["code"]), (3, &Value::from("id_taken")), "{taken:#?}");
    // A refusal takes nothing back.
    assert_eq!(ground.asked("DROP COLUMN nothing", &["--id=down:1", "--undoes=up:"]).code, 3);
    ends(&up_one(), "already");
    ends(&down(), "instant");
    ends(&down(), "already");
    ends(&up_one(), "instant");
    ends(&up_one(), "already");
    ends(&down(), "instant");
    // Somebody else was at the table: only the server knows whether the change is made.
    ends(&up_one(), "instant");
    ground.run(&["ALTER TABLE t DROP COLUMN one"]).await;
    ends(&up_one(), "instant");
    ground.run(&["ALTER TABLE t COMMENT 'sly'"]).await;
    let made = up_one();
    assert_eq!((made.code, &made.error()["code"]), (3, &Value::from("alter_refused")), "{made:#?}");
    ground.run(&["DROP TABLE t", TABLE]).await;
    ends(&up_one(), "instant");
    ground.gone().await;
}

async fn what_is_kept_makes_room(place: Place) {
    let ground = Ground::laid("names_kept", place, &[TABLE]).await;
    ends(&ground.asked("ADD COLUMN one INT", &["--copy"]), "copied");
    let refused = ground.asked("DROP COLUMN one", &["--copy"]);
    assert_eq!(refused.error()["code"], "helper-names", "{refused:#?}");
    let dropped = ground.asked("DROP COLUMN one", &["--copy", "--drop-kept"]);
    ends(&dropped, "copied");
    let warning = dropped.events_of("warning").find(|event| event["code"] == "kept_dropped");
    assert!(warning.unwrap()["message"].to_string().contains("kept by run 1"), "{dropped:#?}");
    let phases = ground.column("SELECT phase FROM run ORDER BY id").await;
    assert_eq!(phases, ["cleaned", "swapped"]);
    // Without a copy nothing needs the name, and a table of somebody else is never dropped.
    ends(&ground.asked("ADD COLUMN two INT", &["--drop-kept"]), "instant");
    let mine = "CREATE TABLE t__zosc_kept (precious INT) COMMENT 'zosc run 2'";
    ground.run(&["DROP TABLE t__zosc_kept", "UPDATE run SET phase = 'cleaned'", mine]).await;
    let refused = ground.asked("DROP COLUMN two", &["--copy", "--drop-kept"]);
    assert_eq!(refused.error()["code"], "helper-names", "{refused:#?}");
    assert!(ground.tables().await.contains(&"t__zosc_kept".to_owned()));
    let forbidden = ground.asked("DROP KEY v", &["--forbid=helper-names", "--copy", "--drop-kept"]);
    assert_eq!(forbidden.error()["code"], "helper-names", "{forbidden:#?}");
    ground.gone().await;
}
