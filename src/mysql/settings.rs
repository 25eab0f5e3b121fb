//! Where and how to connect, as understood from flags, environment, URL and option files.

use std::path::PathBuf;

use secrecy::SecretString;

/// How TLS is asked for: the words of MySQL's own `--ssl-mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TlsMode {
    /// Never.
    Disabled,
    /// When the server offers it.
    #[default]
    Preferred,
    /// Or not at all.
    Required,
    /// Required, and the certificate must come from the given authority.
    VerifyCa,
    /// As `VerifyCa`, and the certificate must bear the host's name.
    VerifyIdentity,
}

impl TlsMode {
    /// All modes, from the weakest to the strongest.
    pub const ALL: [Self; 5] =
        [Self::Disabled, Self::Preferred, Self::Required, Self::VerifyCa, Self::VerifyIdentity];

    /// The mode's word in settings.
    pub fn word(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Preferred => "preferred",
            Self::Required => "required",
            Self::VerifyCa => "verify_ca",
            Self::VerifyIdentity => "verify_identity",
        }
    }

    /// The mode of that word; case does not matter and `-` is `_`, a leading `:` (Ruby) is let pass.
    pub fn of_word(word: &str) -> Option<Self> {
        let word = word.trim_start_matches(':').to_ascii_lowercase().replace('-', "_");
        Self::ALL.into_iter().find(|mode| mode.word() == word)
    }
}

/// TLS settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// How it is asked for.
    pub mode: TlsMode,
    /// PEM file of the certificate authority.
    pub ca: Option<PathBuf>,
    /// PEM file of the client's certificate.
    pub cert: Option<PathBuf>,
    /// PEM file of the client's key.
    pub key: Option<PathBuf>,
}

/// Where to connect and as whom. `Debug` never shows the password.
#[derive(Debug, Clone)]
pub struct Connection {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Unix socket; used instead of TCP when set.
    pub socket: Option<PathBuf>,
    /// Account name.
    pub user: String,
    /// Its password.
    pub password: Option<SecretString>,
    /// TLS settings.
    pub tls: Tls,
}

impl Connection {
    /// Where the server is, for people: `host:port` or the socket's path.
    pub fn place(&self) -> String {
        match &self.socket {
            Some(socket) => socket.display().to_string(),
            None if self.host.contains(':') => format!("[{}]:{}", self.host, self.port),
            None => format!("{}:{}", self.host, self.port),
        }
    }
}
