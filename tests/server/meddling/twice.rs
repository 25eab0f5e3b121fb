//! The same change is asked for twice at the same moment.

use super::ALTER;
use crate::support::ground::{Ground, PATIENCE};
use crate::support::place::{Place, played};

played! {
    on_both_servers: one_wins;
}

async fn one_wins(place: Place) {
    let ground = Ground::with_a_big_table("meddle_twice", place).await;
    for _ in 0..3 {
        let flags = ["--max-chunk-rows=500"];
        let both = [(); 2].map(|()| ground.start("big", ALTER, &flags));
        let mut codes = both.map(|running| running.wait(PATIENCE).code);
        codes.sort_unstable();
        assert_eq!(codes, [0, 5]);
        assert_eq!(ground.tables().await, ["big", "big__zosc_kept"]);
        let rows = "SELECT COUNT(*) FROM big JOIN big__zosc_kept USING (id, v) WHERE c = 7";
        assert_eq!(ground.column(rows).await, ["20000"]);
        ground.run(&["DROP TABLE big", "RENAME TABLE big__zosc_kept TO big"]).await;
    }
    ground.gone().await;
}
