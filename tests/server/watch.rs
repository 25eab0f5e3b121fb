//! What a run shows while it goes on, and what it leaves for later.

use std::net::{SocketAddr, TcpListener};

use http_body_util::{BodyExt as _, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use prometheus_parse::{Scrape, Value as Number};
use serde_json::Value;
use tokio::net::TcpStream;

use crate::support::ground::{Ground, PATIENCE};
use crate::support::place::{Place, played};

played! {
    mysql_with_binlog:
        metrics_are_read_by_another_s_parser,
        the_address_of_metrics_must_be_free,
        a_report_tells_it_all,
        a_report_is_written_however_it_ends,
        a_report_that_cannot_be_written_stops_the_start;
}

/// Nobody listens there, as far as can be known.
fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// As an HTTP client asks; the status and the body.
async fn ask(address: SocketAddr, path: &str) -> Option<(StatusCode, String)> {
    let stream = TcpStream::connect(address).await.ok()?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = Request::get(path).header(HOST, "localhost").body(Empty::<Bytes>::new()).unwrap();
    let response = sender.send_request(request).await.unwrap();
    if response.status().is_success() {
        let kind = response.headers()[CONTENT_TYPE].to_str().unwrap();
        assert!(kind.starts_with("application/openmetrics-text"), "{kind}");
    }
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    Some((status, String::from_utf8(body.to_vec()).unwrap()))
}

fn number(scrape: &Scrape, name: &str, label: (&str, &str)) -> Option<f64> {
    let mut named = scrape.samples.iter().filter(|sample| sample.metric == name);
    let found = named.find(|sample| sample.labels.get(label.0) == Some(label.1))?;
    match found.value {
        Number::Gauge(number) | Number::Counter(number) | Number::Untyped(number) => Some(number),
        ref other => panic!("{name}: {other:?}"),
    }
}

async fn metrics_are_read_by_another_s_parser(place: Place) {
    let ground = Ground::with_a_big_table("watch_metrics", place).await;
    let address = free_address();
    let table = format!("{}.big", ground.schema);
    let flags = ["--metrics", &address.to_string(), "--max-chunk-rows=50", "--workers=1"];
    let running = ground.start("big", "ADD c INT", &flags);
    let (mut furthest, mut scrapes) = (0.0, 0);
    while let Some((status, text)) = ask_until_there(address, &running).await {
        assert_eq!(status, StatusCode::OK, "{text}");
        let scrape = Scrape::parse(text.lines().map(|line| Ok(line.to_owned()))).unwrap();
        if number(&scrape, "zosc_stage", ("stage", "copy")) != Some(1.0) {
            assert_eq!(
                number(&scrape, "zosc_stage", ("stage", "verify")).map(|on| on <= 1.0),
                Some(true)
            );
            if furthest > 0.0 {
                break;
            }
        }
        let done = number(&scrape, "zosc_done_ratio", ("stage", "copy"));
        if let Some(done) = done {
            assert!((furthest..=1.0).contains(&done), "{done} after {furthest}");
            furthest = done;
            scrapes += 1;
            assert_eq!(number(&scrape, "zosc_done_ratio", ("exact", "true")), Some(done), "{text}");
            assert!(number(&scrape, "zosc_rows_done", ("table", &table)).is_some(), "{text}");
            assert!(number(&scrape, "zosc_workers", ("stage", "copy")).is_some(), "{text}");
            let run = scrape.samples.iter().all(|sample| sample.labels.get("run").is_some());
            assert!(run, "{text}");
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(scrapes > 0, "{}", running.said());
    if let Some((status, _)) = ask(address, "/else").await {
        assert_eq!(status, StatusCode::NOT_FOUND);
    }
    let ran = running.wait(PATIENCE);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let mut last = 0.0;
    for progress in ran.events_of("progress").filter(|it| it["stage"] == "copy") {
        let percent = progress["percent"].as_f64().unwrap();
        assert!((last..=100.0).contains(&percent), "{percent} after {last}");
        last = percent;
    }
    ground.gone().await;
}

async fn ask_until_there(
    address: SocketAddr,
    running: &crate::support::zosc::Running,
) -> Option<(StatusCode, String)> {
    loop {
        if let Some(answer) = ask(address, "/metrics").await {
            return Some(answer);
        }
        if running.has_said("\"finished\"") {
            return None;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

async fn the_address_of_metrics_must_be_free(place: Place) {
    let ground = Ground::with_a_big_table("watch_address", place).await;
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ran = ground.start("big", "ADD c INT", &["--metrics", &address]).wait(PATIENCE);
    assert_eq!((ran.code, ran.error()["code"].as_str()), (4, Some("metrics_address")), "{ran:#?}");
    ground.is_as_before(&ran).await;
    ground.gone().await;
}

fn stages(report: &Value) -> Vec<&str> {
    let laps = report["stages"].as_array().unwrap();
    laps.iter().map(|lap| lap["stage"].as_str().unwrap()).collect()
}

async fn a_report_tells_it_all(place: Place) {
    let ground = Ground::with_a_big_table("watch_report", place).await;
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (json, html) = (file("r.json"), file("r.html"));
    std::fs::write(&json, "old").unwrap();
    let ran = ground.start("big", "ADD c INT", &["--report", &json]).wait(PATIENCE);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let report: Value = serde_json::from_str(&std::fs::read_to_string(&json).unwrap()).unwrap();
    assert_eq!(report["table"], format!("{}.big", ground.schema));
    assert_eq!(report["statement"], "ADD c INT");
    assert_eq!((&report["outcome"], &report["exit_code"]), (&"copied".into(), &0.into()));
    assert_eq!(stages(&report), ["plan", "shadow", "capture", "copy", "verify", "swap", "tidy"]);
    assert_eq!(report["proof"]["rows"], 20_000, "{report:#}");
    assert!(report["proof"]["from"].as_str() <= report["proof"]["until"].as_str());
    assert_eq!(report["attempts"][0]["outcome"], "granted");
    assert_eq!(report["locked_ms"], ran.finished()["locked_ms"]);
    assert_eq!(report["kept"], ran.finished()["kept"]);
    assert_eq!(report["plan"]["method"], "copy");
    assert_eq!(report["settings"]["max-lock-hold"], "3s");

    let bold = "ADD d INT COMMENT '</pre><script>alert(\"1\")</script>'";
    let slowly = ["--report", &html, "--max-chunk-rows=50", "--workers=1", "--nice=2"];
    ground.run(&["DROP TABLE big__zosc_kept"]).await;
    let ran = ground.start("big", bold, &slowly).wait(PATIENCE);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let page = std::fs::read_to_string(&html).unwrap();
    assert!(page.contains("&lt;/pre&gt;&lt;script&gt;alert(&quot;1&quot;)"), "{page}");
    assert!(
        !page.contains("<script") && !page.contains("http:") && !page.contains("https:"),
        "{page}"
    );
    assert!(page.contains("<polyline points=") && page.ends_with("</html>\n"), "{page}");
    assert!(page.contains("All 20,000 rows of both tables were compared"), "{page}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "nothing else is left");
    ground.gone().await;
}

async fn a_report_is_written_however_it_ends(place: Place) {
    let ground = Ground::with_a_big_table("watch_ends", place).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("r.json").to_str().unwrap().to_owned();
    let report = || -> Value { serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap() };
    let running = ground.copying_with("ADD c INT", &["--report", &file]).await;
    running.interrupt();
    assert_eq!(running.wait(PATIENCE).code, 130);
    let interrupted = report();
    assert_eq!((&interrupted["exit_code"], &interrupted["proof"]), (&130.into(), &Value::Null));
    assert_eq!(interrupted["error"]["code"], "interrupted");
    assert!(interrupted["error"]["hints"][0].as_str().unwrap().contains("zosc resume"));
    let ran = ground.start("big", "ADD c INT", &["--report", &file]).wait(PATIENCE);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(
        (&report()["run"], &report()["stages"][1]["resumed"]),
        (&interrupted["run"], &true.into())
    );
    ground.gone().await;
}

async fn a_report_that_cannot_be_written_stops_the_start(place: Place) {
    let ground = Ground::with_a_big_table("watch_place", place).await;
    let ran = ground.start("big", "ADD c INT", &["--report", "/nonexistent/r.html"]).wait(PATIENCE);
    assert_eq!((ran.code, ran.error()["code"].as_str()), (2, Some("report_file")), "{ran:#?}");
    ground.is_as_before(&ran).await;
    ground.gone().await;
}
