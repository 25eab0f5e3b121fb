//! The long haul: table after table is changed in a storm, and each must be its twin.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::support::place::Place;
use crate::support::story::{Broken, Storm, Story, Tally, values};

/// In turn.
const PLACES: [Place; 6] = [
    Place::MYSQL_BINLOG,
    Place::MARIADB_TRIGGERS,
    Place::MARIADB_118_BINLOG,
    Place::MYSQL_TRIGGERS,
    Place::MARIADB_BINLOG,
    Place::MARIADB_118_TRIGGERS,
];

/// Runs side by side.
const LANES: usize = 2;

/// What all runs came to.
#[derive(Debug, Default)]
struct Total {
    runs: [u64; PLACES.len()],
    transactions: u64,
    statements: u64,
    longest: Duration,
    failed: Vec<String>,
}

/// Twenty minutes:
///
/// ```text
/// tests/run --test server soak -- --ignored --nocapture
/// ```
///
/// `ZOSC_SOAK_MINUTES` makes it shorter or longer. `ZOSC_SOAK_SEED` begins with the run of that
/// seed, as the output of a run that failed names it: its table, its flags and its storm are the
/// same, though not to the millisecond.
#[test]
#[ignore = "takes twenty minutes"]
#[allow(clippy::print_stderr)] // for people who watch
fn every_run_of_the_long_haul_ends_well() {
    let minutes = number("ZOSC_SOAK_MINUTES").unwrap_or(20);
    let first = number("ZOSC_SOAK_SEED").unwrap_or_else(|| fastrand::u64(..1_000_000));
    eprintln!("soak: {minutes} minutes from seed {first}");
    let until = Instant::now() + Duration::from_mins(minutes);
    let next = AtomicU64::new(first);
    let total = Mutex::new(Total::default());
    let tally = Arc::<Mutex<Tally>>::default();
    std::thread::scope(|lanes| {
        for _ in 0..LANES {
            lanes.spawn(|| {
                while Instant::now() < until && total.lock().unwrap().failed.is_empty() {
                    one(next.fetch_add(1, Ordering::Relaxed), &total, &tally);
                }
            });
        }
    });
    let total = total.into_inner().unwrap();
    eprintln!("soak: {total:?} {:?}", tally.lock().unwrap());
    assert!(total.failed.is_empty(), "{}", total.failed.join("\n"));
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|word| word.parse().expect(variable))
}

#[allow(clippy::print_stderr)] // for people who watch
fn one(seed: u64, total: &Mutex<Total>, tally: &Arc<Mutex<Tally>>) {
    let at = usize::try_from(seed % PLACES.len() as u64).unwrap();
    let ours = Arc::<Mutex<Tally>>::default();
    let story =
        story(seed, PLACES[at]).broken(Broken::InAStorm(Storm { seed, tally: Arc::clone(&ours) }));
    let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| story.tell()));
    let ended = ended.unwrap_or_else(|_| Err("panicked: see above".to_owned()));
    let suffered = ours.lock().unwrap().clone();
    let mut total = total.lock().unwrap();
    match ended {
        Ok(told) => {
            eprintln!(
                "soak: seed {seed}, {:?}: well, {} transactions, longest statement {:.1?}, {suffered:?}",
                PLACES[at], told.during, told.longest
            );
            total.runs[at] += 1;
            total.transactions += told.during;
            total.statements += told.statements;
            total.longest = total.longest.max(told.longest);
        }
        Err(trouble) => {
            let what = format!("soak: seed {seed}, {:?}, {suffered:?}: {trouble}", PLACES[at]);
            eprintln!("{what}");
            total.failed.push(what);
        }
    }
    tally.lock().unwrap().add(&suffered);
}

/// A table and a change of it; the seed says which.
fn story(seed: u64, place: Place) -> Story {
    let mut random = fastrand::Rng::with_seed(seed);
    let chunk = format!("--max-chunk-rows={}", random.u64(20..60));
    let workers = format!("--workers={}", random.u64(1..5));
    let writers = [2, 4, 5][random.usize(..3)];
    let story = Story::new(&format!("soak_{seed}"), place)
        .rows(random.u64(8_000..20_000))
        .writers(writers)
        .args(&[&chunk, &workers]);
    match random.u8(..4) {
        0 => story.of_words().alter("ADD COLUMN c INT NOT NULL DEFAULT 1"),
        1 => story
            .of_texts()
            .alter("ADD COLUMN c INT NOT NULL DEFAULT 7 FIRST, ADD KEY by_v (v)"),
        2 => story
            .table("id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, v VARCHAR(30)", "")
            .column("v", values::word())
            .alter("MODIFY id BIGINT NOT NULL AUTO_INCREMENT, MODIFY v VARCHAR(60) NULL"),
        _ => story
            .table("id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, v VARCHAR(30), u VARCHAR(20)", "")
            .column("v", values::word())
            .before(
                "CREATE TRIGGER {s}.own BEFORE UPDATE ON {t} FOR EACH ROW SET NEW.u = LEFT(NEW.v, 9)",
            )
            .alter("ADD COLUMN c INT NOT NULL DEFAULT 1"),
    }
}
