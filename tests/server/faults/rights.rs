//! The account loses a right while zosc works.

use crate::support::bed::{Bed, PATIENCE, until_it_says};
use crate::support::place::{Place, played};

played! {
    with_binlog: the_right_to_insert_is_revoked;
}

/// (Triggers work with the account's rights, so there it is the application that meets this first.)
async fn the_right_to_insert_is_revoked(place: Place) {
    let bed = Bed::on_a_server_with("fault_rights", place, &[]).await;
    let (schema, account) = (&bed.schema, &bed.account);
    let revoke = format!("REVOKE INSERT ON *.* FROM {account}");
    bed.run(&[
        &revoke,
        &format!("GRANT ALL ON {schema}.* TO {account}"),
        &format!("GRANT ALL ON _zosc.* TO {account}"),
    ])
    .await;
    let application = bed.application();
    let mut running = bed.start();
    until_it_says(&mut running, "\"stage\":\"copy\"");
    bed.run(&[&format!("REVOKE INSERT ON {schema}.* FROM {account}")]).await;
    let ran = running.wait(PATIENCE);
    assert!([1, 6].contains(&ran.code), "{ran:#?}");
    let error = ran.error();
    assert_eq!(error["code"], "right_missing", "{ran:#?}");
    let words = error["message"].as_str().unwrap_or_default();
    assert!(words.contains("INSERT") && words.contains("t__zosc_shadow"), "{words}");
    assert!(error["hint"].as_str().is_some_and(|hint| hint.contains("grant")), "{error}");

    bed.run(&[&format!("GRANT INSERT ON {schema}.* TO {account}")]).await;
    let ran = bed.start().wait(PATIENCE);
    application.stop().nothing();
    bed.is_migrated(&ran).await;
}
