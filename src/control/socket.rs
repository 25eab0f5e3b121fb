//! The unix socket: where it lies, whose it is, and who may come in.

use std::fs::{DirBuilder, File, Permissions};
use std::io;
use std::os::unix::fs::{
    DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, PermissionsExt as _,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::io::BufReader;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::helm::Helm;
use super::talk::{read_line, say, talk};
use crate::error::{Error, Kind, Result};
use crate::schema::{TableName, stable_hash};

/// A socket's path may have no more bytes.
const LONGEST_PATH: usize = 107;
/// So many may talk at once.
const SEATS: usize = 64;
/// What a name keeps as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'-').remove(b'$');

/// A socket of this process; its file goes when this is dropped.
#[derive(Debug)]
pub(super) struct Socket {
    path: PathBuf,
    /// Device and number of the file.
    file: Option<(u64, u64)>,
}

impl Drop for Socket {
    fn drop(&mut self) {
        // Another process may have put its own there.
        if self.file.is_none() || file_id(&self.path) != self.file {
            return;
        }
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::debug!(%error, path = %self.path.display(), "the socket could not be removed");
        }
    }
}

impl Socket {
    /// Under the table's name in the user's own folder. Several runs may have tables of one name, on
    /// several servers: the later ones add their process's number.
    pub(super) async fn usual(table: &TableName) -> Result<(UnixListener, Self)> {
        let uid = own_uid().map_err(|error| no_socket(Path::new("here"), &error.to_string()))?;
        let mut why = None;
        for folder in folders(uid) {
            if let Err(error) = make_private(&folder, uid) {
                why = Some(no_socket(&folder, &error.to_string()));
                continue;
            }
            let process = std::process::id();
            for suffix in [String::new(), format!(".{process}")] {
                match Self::at(&folder.join(file_name(&folder, table, &suffix))).await {
                    Ok(opened) => return Ok(opened),
                    Err(error) => why = Some(error),
                }
            }
        }
        Err(why.unwrap_or_else(|| no_socket(Path::new("here"), "there is no folder for it")))
    }

    /// At this path. What a dead process has left there is removed; a living one keeps it.
    pub(super) async fn at(path: &Path) -> Result<(UnixListener, Self)> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        let failed = |error: io::Error| no_socket(path, &error.to_string());
        let _alone = alone_in(folder).await.map_err(failed)?;
        if let Ok(there) = std::fs::symlink_metadata(path) {
            if !there.file_type().is_socket() {
                return Err(no_socket(path, "something else is there"));
            }
            if !is_dead(path).await {
                return Err(no_socket(path, "a process listens there already"));
            }
            std::fs::remove_file(path).map_err(failed)?;
        }
        let listener = UnixListener::bind(path).map_err(failed)?;
        let socket = Self { path: path.to_owned(), file: file_id(path) };
        std::fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(failed)?;
        Ok((listener, socket))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// Where sockets of this user may lie, the best place first.
pub(super) fn folders(uid: u32) -> Vec<PathBuf> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let runtime = runtime.filter(|folder| folder.is_absolute()).map(|folder| folder.join("zosc"));
    let temporary = std::env::temp_dir().join(format!("zosc-{uid}"));
    // Somewhere a path of the shortest name must fit.
    let fits = |folder: &PathBuf| {
        folder.as_os_str().len() + "/0123456789abcdef.1234567890.sock".len() <= LONGEST_PATH
    };
    runtime.into_iter().chain([temporary]).filter(fits).collect()
}

/// The user that this process works as.
pub(super) fn own_uid() -> io::Result<u32> {
    let (one, _other) = UnixStream::pair()?;
    Ok(one.peer_cred()?.uid())
}

/// Whether nobody listens any more.
pub(super) async fn is_dead(path: &Path) -> bool {
    let refused = |error: io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
    UnixStream::connect(path).await.is_err_and(refused)
}

/// Removes what a dead process has left.
pub(super) async fn remove_dead(folder: &Path, path: &Path) -> io::Result<()> {
    let _alone = alone_in(folder).await?;
    if is_dead(path).await { std::fs::remove_file(path) } else { Ok(()) }
}

/// Two that look for dead sockets at once must not remove each other's new ones.
async fn alone_in(folder: &Path) -> io::Result<File> {
    let lock = File::open(folder)?;
    let locked = tokio::task::spawn_blocking(move || lock.lock().map(|()| lock));
    locked.await.map_err(io::Error::other).flatten()
}

/// Makes a folder that only its owner may enter. One that is another's is an error.
fn make_private(folder: &Path, uid: u32) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let there = std::fs::symlink_metadata(folder)?;
    if !there.is_dir() || there.uid() != uid {
        return Err(io::Error::other("it belongs to somebody else"));
    }
    if there.mode() & 0o077 != 0 {
        std::fs::set_permissions(folder, Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// `schema.table.sock`, or a digest of that where it is too long.
fn file_name(folder: &Path, table: &TableName, suffix: &str) -> String {
    let [schema, name] =
        [&table.schema, &table.table].map(|part| utf8_percent_encode(part, PLAIN).to_string());
    let file = format!("{schema}.{name}{suffix}.sock");
    if folder.as_os_str().len() + 1 + file.len() <= LONGEST_PATH {
        return file;
    }
    format!("{:016x}{suffix}.sock", stable_hash(&table.plain()))
}

fn file_id(path: &Path) -> Option<(u64, u64)> {
    std::fs::symlink_metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

fn no_socket(path: &Path, why: &str) -> Error {
    let message = format!("the control socket {} cannot be made: {why}", path.display());
    Error::new(Kind::NotReady, "no_control_socket", message)
        .hint("name another place by `--control-socket`, or `none`")
}

/// Lets in this user and root; each client has a task of its own.
pub(super) async fn serve(listener: UnixListener, helm: Helm) {
    let uid = match own_uid() {
        Ok(uid) => uid,
        Err(error) => return tracing::warn!(%error, "nobody can be let in: whose run this is"),
    };
    let seats = Arc::new(Semaphore::new(SEATS));
    let mut clients = JoinSet::new();
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Such as too many open files: it may pass.
                    tracing::debug!(%error, "a client could not be let in");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
            Some(_) = clients.join_next() => continue,
        };
        let seat = Arc::clone(&seats).try_acquire_owned();
        let helm = helm.clone();
        clients.spawn(async move {
            let talked = match seat {
                Ok(_seat) => welcome(stream, uid, &helm).await,
                Err(_) => refuse(stream, "too many clients talk at once; try again").await,
            };
            if let Err(error) = talked {
                tracing::debug!(%error, "a client of the control socket is gone");
            }
        });
    }
}

async fn welcome(stream: UnixStream, uid: u32, helm: &Helm) -> io::Result<()> {
    let peer = stream.peer_cred()?;
    if peer.uid() != uid && peer.uid() != 0 {
        return refuse(stream, "this run is another user's").await;
    }
    let process = peer.pid().map(|pid| format!(" (pid {pid})")).unwrap_or_default();
    talk(stream, helm, &format!("uid {}{process}", peer.uid())).await
}

/// Nobody waits for a client that does not write or read.
async fn refuse(stream: UnixStream, why: &str) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let answered = async {
        // What is left unread would take the answer away from the client.
        read_line(&mut stream).await?;
        say(&mut stream, &format!("error: {why}\n")).await
    };
    tokio::time::timeout(Duration::from_secs(1), answered).await?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_files() {
        let folder = Path::new("/run/user/1000/zosc");
        let name =
            |schema: &str, table: &str| file_name(folder, &TableName::new(schema, table), "");
        assert_eq!(name("shop", "order_items"), "shop.order_items.sock");
        assert_eq!(name("a/b", "ü."), "a%2Fb.%C3%BC%2E.sock");
        let long = name(&"ä".repeat(60), "t");
        assert_eq!(long.len(), 16 + ".sock".len());
        assert_ne!(long, name(&"ä".repeat(60), "u"));
    }

    #[tokio::test]
    async fn a_dead_socket_is_removed_and_a_living_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        let (listener, socket) = Socket::at(&path).await.unwrap();
        // The second one must not get the number of the first one's file.
        std::fs::hard_link(&path, folder.path().join("first")).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        let refused = Socket::at(&path).await.unwrap_err();
        assert_eq!(refused.code, "no_control_socket");
        assert!(refused.message.contains("listens there already"), "{refused}");
        drop(listener);
        let (_listener, again) = Socket::at(&path).await.unwrap();
        drop(socket);
        assert!(path.exists(), "it is the second one's now");
        drop(again);
        assert!(!path.exists());
        std::fs::write(&path, "precious").unwrap();
        assert!(Socket::at(&path).await.unwrap_err().message.contains("something else"));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
    }

    #[test]
    fn the_folder_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let uid = folder.path().metadata().unwrap().uid();
        let ours = folder.path().join("zosc");
        std::fs::create_dir(&ours).unwrap();
        std::fs::set_permissions(&ours, Permissions::from_mode(0o755)).unwrap();
        make_private(&ours, uid).unwrap();
        assert_eq!(std::fs::metadata(&ours).unwrap().mode() & 0o777, 0o700);
        assert!(make_private(&ours, uid + 1).is_err(), "it is another's");
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&ours, &link).unwrap();
        assert!(make_private(&link, uid).is_err(), "it leads elsewhere");
    }
}
