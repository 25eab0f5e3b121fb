//! How much room is left on the server's disk.

use std::path::PathBuf;

use super::{Line, Pressure};
use crate::error::{Error, Result};
use crate::mysql::{Fault, Flavour, Session};
use crate::settings::Limits;

/// No such table in the catalogue: the plugin is not installed.
const NO_SUCH_TABLE: u16 = 1109;

/// Reads it.
#[derive(Debug)]
pub(in crate::pace) struct Disk {
    line: Line,
}

impl Disk {
    pub(super) fn new(line: Line) -> Self {
        Self { line }
    }

    /// Rest when there is too little.
    pub(super) async fn look(&mut self, limits: &Limits) -> Result<Pressure> {
        let Some(least) = limits.min_disk_free else { return Ok(Pressure::Easy) };
        let free = match self.line.ask(told).await? {
            Some(free) => free,
            None => self.seen().await?,
        };
        let mib = |bytes: u64| bytes >> 20;
        Ok(if free < least {
            let (free, least) = (mib(free), mib(least));
            Pressure::Over(format!("the server's disk has {free} MiB free (at least {least} MiB)"))
        } else {
            Pressure::Easy
        })
    }

    /// With our own eyes, where zosc runs on the server's machine.
    async fn seen(&mut self) -> Result<u64> {
        let (host, folder): (String, String) = self
            .line
            .ask(async |session| session.one("SELECT @@hostname, @@datadir").await)
            .await?;
        if rustix::system::uname().nodename().to_string_lossy() != host {
            return Err(unreadable("zosc does not run on its machine"));
        }
        let folder = PathBuf::from(folder);
        // A file system of the network may take its time.
        let seen = tokio::task::spawn_blocking(move || {
            rustix::fs::statvfs(&folder)
                .map(|room| room.f_bavail * room.f_frsize)
                .map_err(|error| unreadable(&format!("{}: {error}", folder.display())))
        });
        seen.await.map_err(|panic| Error::failed("disk", panic.to_string()))?
    }
}

/// As the server tells, if it can.
async fn told(session: &mut Session) -> Result<Option<u64>> {
    if session.flavour() != Flavour::Mariadb {
        return Ok(None);
    }
    let free = session
        .first(
            "SELECT available * 1024 FROM information_schema.disks \
             WHERE LEFT(@@datadir, CHAR_LENGTH(path)) = path \
             ORDER BY CHAR_LENGTH(path) DESC LIMIT 1",
        )
        .await;
    match free {
        Err(error) if error.errno() == Some(NO_SUCH_TABLE) || Fault::is_denied(&error) => Ok(None),
        free => free,
    }
}

fn unreadable(why: &str) -> Error {
    let message = format!("the room on the server's disk cannot be read: {why}");
    Error::refused("disk_unreadable", message)
        .hint("run zosc on the server's machine, with a right to look into the data folder")
        .hint("MariaDB tells it by its plugin: `INSTALL SONAME 'disks'`, and FILE for the account")
        .hint("or leave `--min-disk-free` out and watch it by `--throttle-http`")
}
