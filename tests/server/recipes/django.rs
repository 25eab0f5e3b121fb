//! The helper for Django, in real Python; Django's part is played by as much of it as the helper
//! meets.

use super::{Programs, client, columns, recipe, told};
use crate::support::ground::Ground;
use crate::support::place::{Place, played};

played! {
    mysql_with_binlog: an_operation_through_zosc;
}

/// Stand-ins for the modules, a schema editor that collects SQL, and operations that make some.
const PLAYED: &str = r#"
import os, subprocess, sys, types

def module(name, **members):
    made = types.ModuleType(name)
    made.__dict__.update(members)
    sys.modules[name] = made

class Operation:
    reversible = True

settings = types.SimpleNamespace()
for name in ["django", "django.db", "django.db.migrations", "django.db.migrations.operations"]:
    module(name)
module("django.conf", settings=settings)
module("django.db.migrations.operations.base", Operation=Operation)

import zosc_django

class Cursor:
    def __enter__(self): return self
    def __exit__(self, *_): pass
    def execute(self, sql):
        subprocess.run(os.environ["CLIENT"].split() + ["--execute", sql], check=True)

class Connection:
    vendor = "mysql"
    closed = 0
    settings_dict = {
        "HOST": os.environ["AT"], "PORT": int(os.environ["PORT"]), "USER": "root",
        "PASSWORD": os.environ["SECRET"], "NAME": os.environ["SCHEMA"], "OPTIONS": {},
    }
    def close(self): self.closed += 1
    def cursor(self): return Cursor()
    def schema_editor(self, collect_sql=False, atomic=True):
        return Editor(self, collect_sql)

class Editor:
    def __init__(self, connection, collect_sql=False):
        self.connection, self.collect_sql, self.collected_sql = connection, collect_sql, []
    def __enter__(self): return self
    def __exit__(self, *_): pass
    def execute(self, sql):
        if self.collect_sql: self.collected_sql.append(sql + ";")
        else: Cursor().execute(sql)

class Sql(Operation):
    def __init__(self, forwards, backwards=()): self.sql = forwards, backwards
    def database_forwards(self, label, editor, *_):
        for sql in self.sql[0]: editor.execute(sql)
    def database_backwards(self, label, editor, *_):
        for sql in self.sql[1]: editor.execute(sql)
    def describe(self): return "SQL"

connection = Connection()
def through(operation, flags=(), way="database_forwards"):
    getattr(zosc_django.Online(operation, flags), way)("shop", Editor(connection), None, None)

add = Sql(["-- a comment", "ALTER TABLE `orders` ADD COLUMN `it's` varchar(9) DEFAULT '100%s'",
           "UPDATE orders SET n = 7", "CREATE INDEX `by n` ON orders (n)"],
          ["DROP INDEX `by n` ON orders", "ALTER TABLE orders DROP COLUMN `it's`"])
through(add)
assert connection.closed == 2, connection.closed
through(add, ["--capture", "auto"], "database_backwards")
through(Sql(["ALTER TABLE orders ADD COLUMN `it's` varchar(9) DEFAULT '100%s'"]))

try:
    through(Sql(["ALTER TABLE orders MODIFY n DECIMAL(9,1)"]), ["--drop-kept"])
    raise SystemExit("it was not refused")
except zosc_django.Refused as error:
    assert (error.exit_code, error.code) == (3, "lossy-conversion"), error
    assert "--allow lossy-conversion" in str(error), error
try:
    through(Sql(["ALTER TABLE orders ADD COLUMN x INT"]), ["--no-such-flag"])
    raise SystemExit("it was not understood")
except zosc_django.ZoscError as error:
    assert (error.exit_code, error.code) == (2, "arguments"), error

settings.ZOSC = False
settings.ZOSC_BINARY = "/no/such/zosc"
through(Sql(["ALTER TABLE orders ADD COLUMN plain INT"]))
"#;

async fn an_operation_through_zosc(place: Place) {
    let ground = Ground::laid(
        "recipe_django",
        place,
        &[
            "CREATE TABLE orders (id INT PRIMARY KEY, n DECIMAL(9,4))",
            "INSERT INTO orders VALUES (1, 1.2345)",
        ],
    )
    .await;
    let address = &ground.address;
    let output = Programs::new()
        .command("python3")
        .args(["-B", "-c", PLAYED])
        .env("PYTHONPATH", recipe(""))
        .env("AT", &address.host)
        .env("PORT", address.port.to_string())
        .env("SCHEMA", &ground.schema)
        .env("SECRET", address.password.clone().unwrap_or_default())
        .env("CLIENT", client(&ground))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", told(&output));
    assert_eq!(columns(&ground, "orders").await, ["id", "n", "it's", "plain"]);
    let default = ground
        .column("SELECT column_default FROM information_schema.columns WHERE table_schema = DATABASE() AND column_name = 'it''s'")
        .await;
    assert!(default[0].contains("100%s"), "{default:?}");
    assert_eq!(ground.column("SELECT CAST(n AS CHAR) FROM orders").await, ["7.0000"]);
    ground.gone().await;
}
