//! Everything that is said outside of the statement: which sources there are, and in which order.

use zosc::error::{Error, Result};
use zosc::mysql::{Connection, Defaults, Login, OptionFiles};

use super::args::ConnectionArguments;
use super::file::FromFile;
use super::password;

/// What all sources together say.
pub(crate) struct Settled {
    pub(crate) connection: Connection,
    /// The schema of a table that is named without one.
    pub(crate) database: Option<String>,
    /// The rest of `[zosc]`.
    pub(crate) file: FromFile,
}

impl ConnectionArguments {
    /// Flags and environment, then the URL, `[zosc]`, `[client]`, `MYSQL_PWD`: the first that says
    /// something wins.
    pub(crate) fn settle(&self) -> Result<Settled> {
        if self.login_path.is_some() {
            return Err(Error::usage(
                "login_path",
                "`.mylogin.cnf` and `--login-path` are not read",
            )
            .hint("use an option file with `[client]`, `ZOSC_PASSWORD` or `--password-file`"));
        }
        let files = OptionFiles::read(&Defaults {
            none: self.no_defaults,
            file: self.defaults_file.clone(),
            extra: self.defaults_extra_file.clone(),
        })?;
        let (zosc, rest) = files.zosc()?;
        let file = FromFile::read(&rest)?;
        let url = self.url.as_deref().map(Login::from_url).transpose()?.unwrap_or_default();
        let mysql = Login { password: password::of_mysql(), ..Login::default() };

        let mut login = self.typed().or(url).or(zosc).or(files.client()?).or(mysql);
        let prompt = || format!("Password of {}: ", login.user.as_deref().unwrap_or("the account"));
        let given = password::given(self.password, self.password_file.as_deref(), prompt)?;
        login.password = given.or(login.password);
        let database = login.database.take();
        Ok(Settled { connection: login.connection()?, database, file })
    }

    /// Whether the command line shows a password to everybody.
    pub(crate) fn shows_password(&self) -> bool {
        let has_password = |url| Login::from_url(url).is_ok_and(|login| login.password.is_some());
        self.url_is_visible && self.url.as_deref().is_some_and(has_password)
    }

    fn typed(&self) -> Login {
        Login {
            host: self.host.clone(),
            port: self.port,
            socket: self.socket.clone(),
            user: self.user.clone(),
            password: None,
            database: self.database.clone(),
            ssl_mode: self.ssl_mode,
            ssl_ca: self.ssl_ca.clone(),
            ssl_cert: self.ssl_cert.clone(),
            ssl_key: self.ssl_key.clone(),
        }
    }
}
