//! From what was typed to a request: the table, the statement, the settings.

use std::io::Read as _;
use std::path::Path;

use zosc::error::{Error, Result};
use zosc::mysql::Connection;
use zosc::options::{JOURNAL_SCHEMA, Options};
use zosc::request::Request;
use zosc::schema::TableName;
use zosc::sql::Statement;

use super::args::{self, ChangeArguments, Common, JournalArguments, Tuning, WatchArguments};
use super::name;

/// What was typed, as understood.
pub(crate) struct Understood {
    /// The server.
    pub(crate) connection: Connection,
    /// What to do there.
    pub(crate) request: Request,
    /// Who may look on.
    pub(crate) watch: WatchArguments,
}

/// The server, what to do there, and who may look on.
pub(crate) fn understand(
    change: &ChangeArguments,
    tuning: &Tuning,
    common: &Common,
) -> Result<Understood> {
    let (sql, named) = change.words()?;
    let settled = common.connection.settle()?;
    let statement = Statement::parse(&sql)?;
    let table = table(named, statement.table(), settled.database.as_deref())?;
    let tuning = tuning.over(settled.file.tuning)?;
    let watch = tuning.watch.clone();
    let mut options = tuning.options(settled.connection)?;
    options.journal_schema = common.journal.schema(&settled.file.journal);
    (options.id, options.copy) = (change.id.clone(), change.copy);
    (options.undoes, options.drop_kept) = (change.undoes.clone(), change.drop_kept);
    options.forbid = change.forbid.iter().cloned().collect();
    let connection = options.connection.clone();
    Ok(Understood { connection, request: options.request(table, statement), watch })
}

impl Tuning {
    /// How a change is to be made there. An error when a door would be open to anybody, or commands
    /// do not go together.
    pub(crate) fn options(self, connection: Connection) -> Result<Options> {
        let settings = self.settings(&connection)?;
        let mut options = Options::at(connection, None);
        options.settings = settings;
        options.doors = self.doors()?;
        (options.hooks, options.traffic) = self.commands()?;
        options.capture = self.capture();
        options.postpone = self.postpone();
        options.swap_way = self.swap_way();
        options.allow = self.allow.into_iter().collect();
        Ok(options)
    }
}

impl JournalArguments {
    /// The journal's schema: the flag, else what the option file says, else ours.
    pub(crate) fn schema(&self, file: &Self) -> String {
        let said = self.journal_schema.as_ref().or(file.journal_schema.as_ref());
        said.cloned().unwrap_or_else(|| JOURNAL_SCHEMA.to_owned())
    }
}

impl ChangeArguments {
    /// The argument: at most one.
    fn only_word(&self) -> Result<Option<&str>> {
        if self.target.iter().any(|word| args::is_command(word)) {
            return Err(Error::usage("command_not_first", "the command must be the first word")
                .hint("write for example `zosc status --host db1`")
                .hint("a table of such a name is written with its schema: `shop.status`"));
        }
        match self.target.as_slice() {
            [] => Ok(None),
            [word] => Ok(Some(word)),
            _ => Err(Error::usage("too_many_words", "there are too many words")
                .hint("put the clauses in quotes: `zosc --alter \"ADD COLUMN status INT\" shop.orders`")
                .hint("`--password` takes none: it asks")),
        }
    }

    /// The user's SQL, verbatim, and the table where it is named beside it.
    fn words(&self) -> Result<(String, Option<&str>)> {
        let target = self.only_word()?;
        if let Some(alter) = &self.alter {
            return Ok((alter.clone(), target));
        }
        if let Some(file) = &self.file {
            return Ok((read(file)?, target));
        }
        match target {
            Some("-") => Ok((read(Path::new("-"))?, None)),
            Some(name) if !name.trim().contains(char::is_whitespace) => Err(nothing_to_do()
                .hint(format!("write `zosc --alter \"ADD COLUMN status INT\" {name}`"))),
            Some(statement) => Ok((statement.to_owned(), None)),
            None => Err(nothing_to_do().hint(
                "write `zosc --alter \"ADD COLUMN status INT\" shop.orders`; see `zosc --help`",
            )),
        }
    }
}

fn nothing_to_do() -> Error {
    Error::usage("no_statement", "it is not said what to change")
}

fn read(file: &Path) -> Result<String> {
    let mut text = String::new();
    let read = if file == Path::new("-") {
        std::io::stdin().read_to_string(&mut text)
    } else {
        std::fs::File::open(file).and_then(|mut file| file.read_to_string(&mut text))
    };
    read.map_err(|error| {
        Error::usage("statement_file", format!("cannot read {}: {error}", file.display()))
    })?;
    Ok(text)
}

/// The table that is meant. Where it is named beside the statement and in it, both must agree.
fn table(
    named: Option<&str>,
    in_statement: Option<(Option<String>, String)>,
    database: Option<&str>,
) -> Result<TableName> {
    let named = named.map(|text| name::table(text, database)).transpose()?;
    let stated = in_statement
        .map(|(schema, table)| {
            let default = named.as_ref().map(|named| named.schema.as_str()).or(database);
            TableName::said(schema, table, default)
        })
        .transpose()?;
    match (named, stated) {
        (Some(named), Some(stated)) if named != stated => Err(Error::usage(
            "two_tables",
            format!("the statement is about {stated}, but {named} was named beside it"),
        )
        .hint("name the table once")),
        (Some(table), _) | (None, Some(table)) => Ok(table),
        (None, None) => Err(Error::usage("no_table", "it is not said which table to change")
            .hint("name it after the clauses: `zosc --alter \"…\" shop.orders`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(alter: Option<&str>, target: Option<&str>) -> ChangeArguments {
        ChangeArguments {
            target: target.map(str::to_owned).into_iter().collect(),
            alter: alter.map(str::to_owned),
            file: None,
            copy: false,
            id: None,
            undoes: None,
            forbid: Vec::new(),
            drop_kept: false,
        }
    }

    #[test]
    fn forms_of_a_change() {
        let both = change(Some("ADD a INT"), Some("shop.orders"));
        assert_eq!(both.words().unwrap(), ("ADD a INT".into(), Some("shop.orders")));
        let whole = change(None, Some("ALTER TABLE t ADD a INT"));
        assert_eq!(whole.words().unwrap(), ("ALTER TABLE t ADD a INT".into(), None));
        for (target, code) in [
            (None, "no_statement"),
            (Some("shop.orders"), "no_statement"),
            (Some("status"), "command_not_first"),
        ] {
            assert_eq!(change(None, target).words().unwrap_err().code, code);
        }
        let target = ["COLUMN", "a", "INT", "shop.orders"].map(str::to_owned).to_vec();
        let unquoted = ChangeArguments { target, ..change(Some("ADD"), None) };
        assert_eq!(unquoted.words().unwrap_err().code, "too_many_words");
    }

    #[test]
    fn the_statement_is_not_touched() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("change.sql");
        let sql = "ALTER TABLE t\n  ADD c VARCHAR(9) DEFAULT 'a\\'b\"$HOME;--'\n";
        std::fs::write(&file, sql).unwrap();
        let change = ChangeArguments { file: Some(file), ..change(None, None) };
        assert_eq!(change.words().unwrap(), (sql.to_owned(), None));
    }

    #[test]
    fn the_table_is_named_beside_or_in_the_statement() {
        let stated = |schema: Option<&str>| Some((schema.map(str::to_owned), "t".to_owned()));
        let name = |named, stated, database| table(named, stated, database).map(|t| t.plain());
        assert_eq!(name(Some("a.t"), None, None).unwrap(), "a.t");
        assert_eq!(name(None, stated(Some("a")), None).unwrap(), "a.t");
        assert_eq!(name(None, stated(None), Some("d")).unwrap(), "d.t");
        assert_eq!(name(Some("a.t"), stated(None), Some("d")).unwrap(), "a.t");
        for (named, stated, code) in [
            (Some("b.t"), stated(Some("a")), "two_tables"),
            (None, stated(None), "no_schema"),
            (None, None, "no_table"),
        ] {
            assert_eq!(table(named, stated, None).unwrap_err().code, code);
        }
    }
}
