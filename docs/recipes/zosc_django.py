"""Django migrations through zosc.

    from django.db import migrations, models
    from zosc_django import Online

    class Migration(migrations.Migration):
        operations = [
            Online(migrations.AddField("order", "status", models.IntegerField(null=True))),
        ]

Put the file where your migrations can import it. It needs nothing but Django and the zosc binary.
"""

import json
import os
import re
import subprocess

from django.conf import settings
from django.db.migrations.operations.base import Operation

# What zosc takes; everything else goes to the server as ever.
_FOR_ZOSC = re.compile(
    r"\s*(ALTER\s+TABLE|CREATE\s+(UNIQUE\s+|FULLTEXT\s+|SPATIAL\s+)?INDEX|DROP\s+INDEX)\b",
    re.IGNORECASE,
)


class ZoscError(Exception):
    """zosc ended with another exit code than 0."""

    def __init__(self, exit_code, error):
        self.exit_code = exit_code
        self.code = error.get("code", "killed")
        self.hints = error.get("hints", [])
        message = error.get("message", "zosc ended without a word")
        super().__init__("\nhint: ".join([f"{message} ({self.code}, exit code {exit_code})", *self.hints]))


class Refused(ZoscError):
    """Exit code 3: a rule or a check says no; the hints name the allowance if there is one."""


class Stopped(ZoscError):
    """The same migration goes on where it stopped (exit codes 6, 8, 130 and 143)."""


class Unknown(ZoscError):
    """Exit code 9: look which table is which before anything else is done."""


_ERRORS = {3: Refused, 6: Stopped, 8: Stopped, 9: Unknown, 130: Stopped, 143: Stopped}


class Online(Operation):
    """Runs another operation; what it would ALTER goes through zosc."""

    def __init__(self, operation, flags=()):
        self.operation = operation
        self.flags = tuple(flags)

    def deconstruct(self):
        arguments = [self.operation] + ([self.flags] if self.flags else [])
        return (self.__class__.__name__, arguments, {})

    @property
    def reversible(self):
        return self.operation.reversible

    def state_forwards(self, app_label, state):
        self.operation.state_forwards(app_label, state)

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        self._through(self.operation.database_forwards, app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        self._through(self.operation.database_backwards, app_label, schema_editor, from_state, to_state)

    def describe(self):
        return f"{self.operation.describe()} (online)"

    @property
    def migration_name_fragment(self):
        return self.operation.migration_name_fragment

    def references_model(self, *arguments):
        return self.operation.references_model(*arguments)

    def _through(self, work, app_label, schema_editor, *states):
        connection = schema_editor.connection
        plain = not getattr(settings, "ZOSC", True) or connection.vendor != "mysql"
        if plain or schema_editor.collect_sql:  # `sqlmigrate` only looks
            work(app_label, schema_editor, *states)
            return
        statements = []
        with connection.schema_editor(collect_sql=True, atomic=False) as heard:
            # What Django collects by itself has each `%` of a value twice.
            heard.execute = lambda sql, params=(): statements.append((str(sql), params))
            work(app_label, heard, *states)
        for sql, params in statements:
            if _FOR_ZOSC.match(sql):
                statement = _complete(connection, sql, params)
                # It may take hours: the connection is opened anew when it is needed again.
                connection.close()
                run(statement, connection.settings_dict, self.flags)
            else:
                with connection.cursor() as cursor:
                    cursor.execute(sql, params)


def _complete(connection, sql, params):
    """The statement with its values, as the driver would send it."""
    if params is None:
        return sql
    connection.ensure_connection()
    driver = connection.connection

    def literal(value):
        quoted = driver.escape(value, driver.encoders)
        return quoted.decode() if isinstance(quoted, bytes) else quoted

    return sql % tuple(map(literal, params))


def run(statement, database, flags=()):
    """Has zosc make one change, `database` being an entry of DATABASES; raises when it did not."""
    command = [getattr(settings, "ZOSC_BINARY", "zosc"), "run", "--format", "json", *flags, "-"]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=_environment(database),
        encoding="utf-8",
    )
    error = {}
    try:
        try:
            with process.stdin as stdin:
                stdin.write(statement)
        except BrokenPipeError:
            pass  # it has ended before it read all, and says why
        for line in process.stdout:
            event = json.loads(line)
            if event["event"] == "error":
                error = event
            elif event["event"] == "stage":
                print(f"    zosc: {event['table']}: {event['stage']}", flush=True)
    finally:
        # Ctrl-C goes to zosc, too: it finishes its transaction and gives back its locks.
        exit_code = process.wait()
    if exit_code != 0:
        raise _ERRORS.get(exit_code, ZoscError)(exit_code, error)


def _environment(database):
    """Nothing of the connection is an argument, which everybody on the machine could read."""
    host = database.get("HOST") or ""
    options = database.get("OPTIONS") or {}
    tls = options.get("ssl") or {}
    settings_of_zosc = {
        "ZOSC_HOST": None if host.startswith("/") else host,
        "ZOSC_SOCKET": host if host.startswith("/") else options.get("unix_socket"),
        "ZOSC_PORT": database.get("PORT"),
        "ZOSC_USER": database.get("USER"),
        "ZOSC_PASSWORD": database.get("PASSWORD"),
        "ZOSC_DATABASE": database.get("NAME"),
        "ZOSC_DEFAULTS_FILE": options.get("read_default_file"),
        "ZOSC_SSL_MODE": (options.get("ssl_mode") or "").lower(),
        "ZOSC_SSL_CA": tls.get("ca"),
        "ZOSC_SSL_CERT": tls.get("cert"),
        "ZOSC_SSL_KEY": tls.get("key"),
    }
    ours = {name: str(value) for name, value in settings_of_zosc.items() if value}
    others = {name: value for name, value in os.environ.items() if name not in settings_of_zosc}
    return {**others, **ours}
