# frozen_string_literal: true

# What the scripts stand on: real ActiveRecord on a real server, and the file that `zosc wrapper rails`
# has printed. The test gives all of it in the environment.
require "active_record"
require "logger"
require "stringio"
require ENV.fetch("RAILS_WRAPPER")

# As in an application: it is there before any migration.
ActiveRecord::Base.logger = nil
Zosc.binary = ENV.fetch("RAILS_ZOSC")
# Every test has a journal of its own.
Zosc.flags = ["--journal-schema", "#{ENV.fetch('RAILS_SCHEMA')}_zosc", "--no-defaults"]
$stdout.sync = true

CONFIG = {
  adapter: "mysql2", host: "127.0.0.1", port: ENV.fetch("RAILS_PORT").to_i, encoding: "utf8mb4",
  username: ENV.fetch("RAILS_USER"), password: ENV.fetch("RAILS_PASSWORD"), database: ENV.fetch("RAILS_SCHEMA")
}.freeze

Current = ActiveRecord::Migration[ActiveRecord::Migration.current_version]

def connect(**changes)
  ActiveRecord::Base.establish_connection(CONFIG.merge(changes))
end

def connection
  ActiveRecord::Base.connection
end

def rows(sql)
  connection.select_values(sql)
end

def fail_loudly(what)
  warn "not so: #{what}", caller.grep_v(/support\.rb/)
  exit! 1
end

def check(what, truth = yield)
  truth || fail_loudly(what)
end

def same(what, expected, found)
  return if expected == found

  fail_loudly("#{what}\n--- expected\n#{expected}\n--- found\n#{found}")
end

# What the block writes to stdout.
def said
  stdout = $stdout
  $stdout = StringIO.new
  yield
  $stdout.string
ensure
  $stdout = stdout
end

# Migrates as `db:migrate` does; gives what was said.
def up(*migrations)
  said { migrator(:up, migrations).migrate }
end

def down(migration)
  said { migrator(:down, [migration], migration.version).run }
end

def migrator(direction, migrations, *version)
  ActiveRecord::Migrator.new(direction, migrations, *books, *version)
end

# Where Rails writes down what it has migrated: one place for all at first, later one for each database.
def books
  return [ActiveRecord::SchemaMigration] unless connection.pool.respond_to?(:schema_migration)

  [connection.pool.schema_migration, connection.pool.internal_metadata]
end

# The typed error of a migration that must fail, from under what Rails makes of it.
def failing(type)
  yield
  fail_loudly("it went through, instead of #{type}")
rescue StandardError => e
  error = e.is_a?(Zosc::Error) ? e : e.cause
  check("#{type}, not #{error.class}: #{error&.message}") { error.instance_of?(type) }
  error
end

def versions
  rows("SELECT version FROM schema_migrations ORDER BY version")
end

def schema_rb
  dump = StringIO.new
  connection.create_schema_dumper({}).dump(dump)
  dump.string
end

def definition(table)
  connection.select_rows("SHOW CREATE TABLE #{table}").dig(0, 1)
end

# A migration of this Rails, of a class that the block makes.
def migration(version, &body)
  type = Class.new(Current, &body)
  type.new("Migration#{version}", version)
end
