//! What a command prints, read to the end so that it never waits for us, and remembered in part.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::task::JoinHandle;

/// So much of each stream is remembered.
const MOST: usize = 64 << 10;

/// A process that a command has left behind may hold the stream open for ever.
const GRACE: Duration = Duration::from_millis(200);

/// The streams of one command.
#[derive(Debug, Default)]
pub(super) struct Output {
    streams: Vec<Stream>,
}

#[derive(Debug)]
struct Stream {
    heard: Heard,
    reader: JoinHandle<()>,
}

type Heard = Arc<Mutex<Vec<u8>>>;

impl Output {
    /// Begins to read a stream.
    pub(super) fn read(&mut self, stream: Option<impl AsyncRead + Unpin + Send + 'static>) {
        let Some(stream) = stream else { return };
        let heard = Heard::default();
        let reader = tokio::spawn(drain(stream, Arc::clone(&heard)));
        self.streams.push(Stream { heard, reader });
    }

    /// All that was remembered, as text.
    pub(super) async fn end(self) -> String {
        let mut all = String::new();
        for Stream { heard, mut reader } in self.streams {
            if tokio::time::timeout(GRACE, &mut reader).await.is_err() {
                reader.abort();
            }
            let bytes = heard.lock().unwrap_or_else(PoisonError::into_inner);
            all.push_str(&String::from_utf8_lossy(&bytes));
            if !all.is_empty() && !all.ends_with('\n') {
                all.push('\n');
            }
        }
        all
    }
}

async fn drain(mut stream: impl AsyncRead + Unpin, heard: Heard) {
    let mut portion = vec![0; 8 << 10];
    loop {
        match stream.read(&mut portion).await {
            Ok(0) => return,
            Ok(read) => {
                let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
                let room = MOST.saturating_sub(heard.len()).min(read);
                heard.extend_from_slice(&portion[..room]);
            }
            Err(error) => return tracing::debug!(%error, "a command's output cannot be read"),
        }
    }
}
