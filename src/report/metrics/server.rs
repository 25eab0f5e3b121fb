//! Answers whoever scrapes. It reads nothing but the request's first line, and changes nothing.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use zosc::error::{Error, Result};
use zosc::event::Events;

/// As Prometheus wants it.
const TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// So many are answered at once; others wait.
const AT_ONCE: usize = 8;

/// Nobody takes longer to ask and to listen.
const PATIENCE: Duration = Duration::from_secs(10);

/// Answers until it is dropped.
#[derive(Debug)]
pub(crate) struct Metrics {
    task: JoinHandle<()>,
}

impl Drop for Metrics {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Metrics {
    /// Begins to answer at an address; warns if others than this machine can ask there.
    pub(crate) async fn open(address: SocketAddr, events: &Events) -> Result<Self> {
        let listener = TcpListener::bind(address).await.map_err(|error| {
            let message = format!("metrics cannot be served at {address}: {error}");
            Error::not_ready("metrics_address", message).hint("give another address to `--metrics`")
        })?;
        if !address.ip().is_loopback() {
            let message = format!("everybody who reaches {address} can read the metrics");
            events.warn(
                "metrics_open",
                message,
                Some("bind them to 127.0.0.1 if that is too much"),
            );
        }
        Ok(Self { task: tokio::spawn(serve(listener, events.clone())) })
    }
}

async fn serve(listener: TcpListener, events: Events) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let talk = talk(stream, events.clone());
                tokio::spawn(async move {
                    if tokio::time::timeout(PATIENCE, talk).await.is_err() {
                        tracing::debug!("whoever asked for metrics was too slow");
                    }
                    drop(place);
                });
            }
            Err(error) => {
                tracing::debug!(%error, "nobody can ask for metrics just now");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn talk(stream: TcpStream, events: Events) {
    let service = service_fn(|request: Request<Incoming>| {
        let answer = answer(&request, &events);
        async { Ok::<_, Infallible>(answer) }
    });
    let connection = http1::Builder::new()
        .keep_alive(false)
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = connection.await {
        tracing::debug!(%error, "whoever asked for metrics went away");
    }
}

fn answer<B>(request: &Request<B>, events: &Events) -> Response<Full<Bytes>> {
    if request.uri().path() != "/metrics" {
        return plain(StatusCode::NOT_FOUND, "the metrics are at /metrics\n");
    }
    if ![Method::GET, Method::HEAD].contains(request.method()) {
        let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "they can only be read\n");
        response.headers_mut().insert(ALLOW, hyper::header::HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    match super::page(&events.status(), SystemTime::now()) {
        Ok(text) => {
            let mut response = Response::new(Full::from(text));
            let kind = hyper::header::HeaderValue::from_static(TYPE);
            response.headers_mut().insert(CONTENT_TYPE, kind);
            response
        }
        Err(error) => {
            tracing::error!(%error, "the metrics cannot be written");
            plain(StatusCode::INTERNAL_SERVER_ERROR, "the metrics cannot be written\n")
        }
    }
}

fn plain(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    response
}
