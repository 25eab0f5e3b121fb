//! The server becomes read only, and writable again.

use crate::support::bed::{Bed, PATIENCE, until_it_says};
use crate::support::place::{Place, played};

played! {
    on_both_servers: a_server_that_is_read_only_for_a_while;
}

/// `ER_OPTION_PREVENTS_STATEMENT`.
const READ_ONLY: u16 = 1290;

async fn a_server_that_is_read_only_for_a_while(place: Place) {
    let bed = Bed::on_a_server_with("fault_read_only", place, &[]).await;
    let name = place.database.either("super_read_only", "read_only");
    if place.database.is_mariadb() {
        bed.run(&[&format!("REVOKE READ ONLY ADMIN ON *.* FROM {}", bed.account)]).await;
    }
    let application = bed.application();
    let mut running = bed.start();
    until_it_says(&mut running, "\"stage\":\"copy\"");
    bed.run(&[&format!("SET GLOBAL {name} = 1")]).await;
    until_it_says(&mut running, "\"for\":\"server\"");
    // Whoever wrote under this would write to a replica that has been promoted elsewhere.
    let shadow = format!("SELECT COUNT(*) FROM {}.t__zosc_shadow", bed.schema);
    let rows = bed.column(&shadow).await;
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    assert_eq!(bed.column(&shadow).await, rows);
    bed.run(&[&format!("SET GLOBAL {name} = 0"), "SET GLOBAL read_only = 0"]).await;
    let ran = running.wait(PATIENCE);
    application.stop().only(&[READ_ONLY]);
    bed.is_migrated(&ran).await;
    let waits = ran.events_of("waiting").filter(|it| it["for"] == "server").count();
    assert_eq!(waits, 1, "said once: {ran:#?}");
}
