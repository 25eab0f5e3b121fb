//! An HTTP server that answers with one status.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread;

/// Listens until the test process ends.
pub struct Endpoint {
    status: Arc<AtomicU16>,
    asked: Arc<Mutex<String>>,
}

impl Endpoint {
    /// A port that nobody listens on yet.
    pub fn free_port() -> u16 {
        TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
    }

    /// Begins to listen.
    pub fn listen(port: u16, status: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let (status, asked) = (Arc::new(AtomicU16::new(status)), Arc::<Mutex<String>>::default());
        let endpoint = Self { status: Arc::clone(&status), asked: Arc::clone(&asked) };
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut request = [0; 2048];
                let length = stream.read(&mut request).unwrap_or(0);
                *asked.lock().unwrap() = String::from_utf8_lossy(&request[..length]).into_owned();
                let status = status.load(Ordering::Relaxed);
                let answer = format!(
                    "HTTP/1.1 {status} Said\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                );
                stream.write_all(answer.as_bytes()).unwrap_or_default();
            }
        });
        endpoint
    }

    pub fn answers(&self, status: u16) {
        self.status.store(status, Ordering::Relaxed);
    }

    /// The last request.
    pub fn asked(&self) -> String {
        self.asked.lock().unwrap().clone()
    }
}
