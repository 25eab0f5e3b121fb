//! A schema of a test's own, and requests in it.

use zosc::error::{Error, Result};
use zosc::mysql::{Connection, Flavour, Server, Session, Tls};
use zosc::options::Options;
use zosc::plan::{CopyPlan, Finding, Method, Plan, draw};
use zosc::request::Request;
use zosc::schema::{Helper, TableName, quote, read};
use zosc::sql::Statement;

use crate::support::mysqld::{Database, shared_url};

/// A schema with tables, gone and made anew with every test.
pub struct Ground {
    pub server: Server,
    pub session: Session,
    schema: &'static str,
}

/// A server by its URL, as this user.
pub async fn server_at(url: &str, user: &str) -> Server {
    let opts = mysql_async::Opts::from_url(url).unwrap();
    let connection = Connection {
        host: opts.ip_or_hostname().to_owned(),
        port: opts.tcp_port(),
        socket: None,
        user: user.to_owned(),
        password: None,
        tls: Tls::default(),
    };
    Server::connect(&connection).await.unwrap()
}

impl Ground {
    /// On the MySQL that the tests share.
    pub async fn laid(schema: &'static str, statements: &[&str]) -> Self {
        Self::laid_in(Database::Mysql, schema, statements).await
    }

    /// On the server of a kind that the tests share.
    pub async fn laid_in(database: Database, schema: &'static str, statements: &[&str]) -> Self {
        let server = server_at(&shared_url(database), "root").await;
        let statements: Vec<String> = statements.iter().map(|sql| database.words(sql)).collect();
        let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
        Self::laid_on(server, schema, &statements).await
    }

    pub async fn laid_on(server: Server, schema: &'static str, statements: &[&str]) -> Self {
        let mut session = server.session().await.unwrap();
        let name = quote(schema);
        for sql in [
            format!("DROP DATABASE IF EXISTS {name}"),
            format!("CREATE DATABASE {name}"),
            format!("USE {name}"),
        ] {
            session.run(sql).await.unwrap();
        }
        for sql in statements {
            session.run(sql).await.unwrap();
        }
        Self { server, session, schema }
    }

    pub fn table(&self, table: &str) -> TableName {
        TableName::new(self.schema, table)
    }

    /// The server's own words for MySQL's.
    fn words(&self, sql: &str) -> String {
        match self.server.facts().flavour {
            Flavour::Mysql => sql.to_owned(),
            Flavour::Mariadb => Database::Mariadb.words(sql),
        }
    }

    pub fn request(&self, table: &str, sql: &str) -> Request {
        let statement = Statement::parse(&self.words(sql)).unwrap();
        let options = Options::at(self.server.connection().clone(), None);
        options.request(self.table(table), statement)
    }

    /// Draws the plan; whatever comes of it, no helper is there afterwards.
    pub async fn try_draw(&mut self, request: &Request) -> Result<Plan> {
        let plan = draw(&self.server, request).await;
        let helper = request.table.helper(Helper::Rehearsal);
        let left = read::table(&mut self.session, &helper).await.unwrap();
        assert!(left.is_none(), "the rehearsal left its clone: {plan:?}");
        plan
    }

    pub async fn draw(&mut self, table: &str, sql: &str) -> Plan {
        let request = self.request(table, sql);
        self.try_draw(&request).await.unwrap()
    }

    /// The plan of a copy, which must be the method.
    pub async fn copy(&mut self, table: &str, sql: &str) -> (CopyPlan, Vec<Finding>) {
        let request = Request { copy: true, ..self.request(table, sql) };
        let plan = self.try_draw(&request).await.unwrap();
        let Method::Copy(copy) = plan.method else { panic!("no copy: {}", plan.reason) };
        (*copy, plan.findings)
    }

    /// The error, from drawing the plan or from accepting it.
    pub async fn refusal(&mut self, table: &str, sql: &str) -> Error {
        let request = self.request(table, sql);
        match self.try_draw(&request).await {
            Err(error) => error,
            Ok(plan) => plan.accepted(&request).unwrap_err(),
        }
    }

    /// The rules of the findings, copying by all means; but for what MariaDB's defaults always
    /// say.
    pub async fn rules(&mut self, table: &str, sql: &str) -> Vec<&'static str> {
        let (_, findings) = self.copy(table, sql).await;
        let rules = findings.iter().map(|finding| finding.rule);
        let flavour = self.server.facts().flavour;
        rules.filter(|rule| *rule != "durability" || flavour == Flavour::Mysql).collect()
    }

    pub async fn gone(mut self) {
        self.session.run(format!("DROP DATABASE {}", quote(self.schema))).await.unwrap();
        self.session.close().await.unwrap();
    }
}
