//! A conversation: a line in, an answer out. A client that is slow, silent or endless only loses its
//! own.

use std::io;
use std::time::Duration;

use tokio::io::{
    AsyncBufRead, AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite,
    AsyncWriteExt as _, BufReader,
};
use tokio::time::timeout;

use super::helm::Helm;

/// A longer line is no word.
const LONGEST_LINE: u64 = 64 << 10;
/// Who says nothing for so long has gone.
const SILENCE: Duration = Duration::from_mins(5);
/// After an answer in text, whoever has more to say has sent it already: clients such as `nc` wait
/// for the end of the connection.
const MORE: Duration = Duration::from_millis(100);
/// An answer that is not taken for so long is nobody's.
const UNREAD: Duration = Duration::from_secs(10);

/// Until the client has no more to say. Lines of JSON may come at any time.
pub(super) async fn talk(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    helm: &Helm,
    by: &str,
) -> io::Result<()> {
    go_on(&mut BufReader::new(stream), helm, by).await
}

/// The same, where some of the conversation has been read.
pub(super) async fn go_on(
    stream: &mut BufReader<impl AsyncRead + AsyncWrite + Unpin>,
    helm: &Helm,
    by: &str,
) -> io::Result<()> {
    let mut patience = SILENCE;
    while let Ok(line) = timeout(patience, read_line(stream)).await {
        let line = match line {
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                say(stream, &format!("error: {error}\n")).await?;
                break;
            }
            line => line?,
        };
        let Some(line) = line else { break };
        patience = if is_json(&line) { SILENCE } else { MORE };
        let answer = helm.answer(&line, by).await;
        say(stream, &answer).await?;
    }
    timeout(UNREAD, stream.shutdown()).await?
}

/// Whether a line is to be answered in JSON.
pub(super) fn is_json(line: &str) -> bool {
    line.trim_start().starts_with('{')
}

/// Writes it, as long as it is taken.
pub(super) async fn say(stream: &mut (impl AsyncWrite + Unpin), answer: &str) -> io::Result<()> {
    timeout(UNREAD, async {
        stream.write_all(answer.as_bytes()).await?;
        stream.flush().await
    })
    .await?
}

/// `None` at the end.
pub(super) async fn read_line(
    stream: &mut (impl AsyncBufRead + Unpin),
) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    let read = stream.take(LONGEST_LINE).read_until(b'\n', &mut line).await?;
    if read as u64 == LONGEST_LINE {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the line is too long"));
    }
    Ok((read > 0).then(|| String::from_utf8_lossy(&line).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_are_bounded() {
        let mut few: &[u8] = b"status\nsup";
        assert_eq!(read_line(&mut few).await.unwrap().as_deref(), Some("status\n"));
        assert_eq!(read_line(&mut few).await.unwrap().as_deref(), Some("sup"));
        assert_eq!(read_line(&mut few).await.unwrap(), None);
        let endless = vec![b'a'; 1 << 20];
        assert!(read_line(&mut endless.as_slice()).await.is_err());
    }

    #[test]
    fn json_begins_with_a_brace() {
        assert!(is_json(" {\"do\":\"status\"}") && !is_json("status"));
    }
}
