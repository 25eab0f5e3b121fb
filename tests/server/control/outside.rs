//! Who may not come in: other users, and strangers on the network.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::json;

use super::client::{Door, told};
use crate::support::bed::{Bed, PATIENCE};
use crate::support::place::{Place, played};
use crate::support::zosc::ZOSC;

played! {
    mysql_with_binlog: strangers_stay_outside;
}

const TOKEN: &str = "a-token-of-the-tests";

fn certificate(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/server/certs").join(name)
}

/// All that comes back for a token and a line.
fn over_tls(port: u16, lines: &str) -> String {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(certificate("ca.pem")).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    let mut stream = StreamOwned::new(connection, stream);
    stream.write_all(lines.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let ended = stream.read_to_end(&mut answer);
    let answer = String::from_utf8(answer).unwrap();
    assert!(ended.is_ok() || !answer.is_empty(), "{ended:?}");
    answer
}

async fn strangers_stay_outside(place: Place) {
    let (bed, door) = (Bed::made("control_strangers", place).await, Door::made());
    let token = door.folder().join("token");
    std::fs::write(&token, format!("{TOKEN}\n")).unwrap();
    let flag = |flag: &str, path: &Path| format!("--{flag}={}", path.display());
    let mut running = bed.start_with(&[
        "--postpone",
        &door.flag(),
        "--control-tcp=127.0.0.1:0",
        &flag("control-tls-cert", &certificate("server-cert.pem")),
        &flag("control-tls-key", &certificate("server-key.pem")),
        &flag("control-token-file", &token),
    ]);
    door.until(&mut running, "postponed", |status| status["state"] == "postponing");

    let said = running.said();
    let (_, port) = said.split_once("\"address\":\"127.0.0.1:").expect("it says where it listens");
    let port: u16 = port.split('"').next().unwrap().parse().unwrap();
    let right = over_tls(port, &format!("token {TOKEN}\nsup\n"));
    assert!(right.starts_with("Copy: "), "{right}");
    for wrong in [format!("token {TOKEN}x\nabort\n"), "abort\n".into(), "token \nabort\n".into()] {
        let answer = over_tls(port, &wrong);
        assert!(answer.starts_with("error: the first line must be"), "{answer}");
    }
    let mut bare = TcpStream::connect(("127.0.0.1", port)).unwrap();
    bare.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    write!(bare, "token {TOKEN}\nabort\n").unwrap();
    let mut answer = Vec::new();
    let ended = bare.read_to_end(&mut answer);
    assert!(!String::from_utf8_lossy(&answer).contains("stop"), "{ended:?} {answer:?}");
    assert_eq!(door.status()["state"], "postponing", "nobody has stopped it");
    let audit = door.json(&json!({ "do": "audit" }));
    assert_eq!(audit["audit"].as_array().unwrap().len(), 3, "{audit:#}");

    another_user_is_refused(&door);
    assert!(door.nc("cut-over").starts_with("unpostponed"));
    let ran = running.wait(PATIENCE);
    bed.is_migrated(&ran).await;
    assert!(!format!("{ran:?}").contains(TOKEN), "the token is told");
    bed.gone().await;
}

/// Even where the file's rights would let it in. Only root can be another user.
fn another_user_is_refused(door: &Door) {
    if std::fs::metadata(door.path()).unwrap().uid() != 0 {
        return;
    }
    let open = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let program = door.folder().join("zosc");
    std::fs::copy(ZOSC, &program).unwrap();
    open(door.folder(), 0o755);
    let nobody = |words: &[&str]| {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&program);
        told(command.arg("ctl").arg(door.path()).args(words))
    };
    let shut = nobody(&["status"]);
    assert!(shut.code == 1 && shut.err.contains("Permission denied"), "{shut:?}");
    open(&door.path(), 0o666);
    let known = nobody(&["abort"]);
    assert!(known.code == 1 && known.err.contains("another user's"), "{known:?}");
}
