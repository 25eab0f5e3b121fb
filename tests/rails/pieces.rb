# frozen_string_literal: true

# What needs no server: which statements are taken, how the server is reached, and what counts as done.
ENV["RAILS_SCHEMA"] ||= "shop"
%w[RAILS_PORT RAILS_USER RAILS_PASSWORD].each { |name| ENV[name] ||= "1" }
require_relative "support"
require "tmpdir"

# Statements.
{
  "ALTER TABLE t ADD a INT" => %w[shop t],
  " \n/* why */ -- and\n# how\nalter /* x */ table `a``b` . `c d` DROP x" => ["a`b", "c d"],
  "ALTER ONLINE TABLE `été` FORCE" => %w[shop été],
  "CREATE  INDEX `on x` USING btree ON `t` (`a`)" => %w[shop t],
  "CREATE UNIQUE INDEX i\n ON other.t(a)" => %w[other t],
  "DROP INDEX `i` ON `t`" => %w[shop t],
  "SELECT 'ALTER TABLE t'" => nil,
  "ALTERTABLE t" => nil,
  "ALTER DATABASE x" => nil,
  "/*!50000 ALTER TABLE t FORCE */" => nil,
  "CREATE TABLE t (INDEX i (a)) COMMENT 'INDEX ON t'" => nil,
  "INSERT INTO t VALUES ('\xff')" => nil
}.each do |sql, table|
  statement = Zosc::Statement.new(sql, "shop")
  same sql, table, (statement.table if statement.for_zosc?)
end
made = ["CREATE TABLE `a` (id INT)", "CREATE TABLE IF NOT EXISTS b (id INT)", "CREATE TEMPORARY TABLE x.c LIKE d",
        "RENAME TABLE `a` TO `e`, old TO a", "DROP TABLE IF EXISTS x.c, z"].reduce([]) do |tables, sql|
  Zosc::Statement.new(sql, "shop").made(tables)
end
same "tables that were made", [%w[shop e]], made

# Connections.
Connection = Struct.new(:config) do
  def pool
    self
  end
  alias_method :db_config, :pool

  def configuration_hash
    config
  end

  def current_database
    "shop"
  end

  def select_value(_sql)
    "/nonexistent/socket"
  end
end
def environment(**config)
  Zosc::Login.new(Connection.new(config)).environment.compact.reject { |name, _| name == "ZOSC_DATABASE" }
end
same "by mysql2", { "ZOSC_HOST" => "db", "ZOSC_PORT" => "3307", "ZOSC_USER" => "app", "ZOSC_PASSWORD" => "p'w", "ZOSC_SSL_MODE" => "verify_ca",
                    "ZOSC_SSL_CA" => "/ca", "ZOSC_SSL_CERT" => "/cert", "ZOSC_SSL_KEY" => "/key" }.sort,
     environment(adapter: "mysql2", host: "db", port: 3307, username: "app", password: "p'w", ssl_mode: :verify_ca,
                 sslca: "/ca", sslcert: "/cert", sslkey: "/key").sort
same "by trilogy", { "ZOSC_HOST" => "localhost", "ZOSC_PORT" => "3306", "ZOSC_PASSWORD" => "", "ZOSC_SSL_MODE" => "required",
                     "ZOSC_SSL_CA" => "/ca" }.sort,
     environment(adapter: "trilogy", host: "localhost", ssl: true, ssl_mode: "SSL_MODE_REQUIRED", ssl_ca: "/ca").sort
same "a socket", { "ZOSC_SOCKET" => "/s", "ZOSC_PASSWORD" => "" }.sort, environment(host: "localhost", socket: "/s").sort
same "verified", "verify_identity", environment(sslverify: true)["ZOSC_SSL_MODE"]
same "no folder", "tls_folder", failing(Zosc::Usage) { environment(sslcapath: "/certs") }.code
module Trilogy
  SSL_VERIFY_CA = 2
  SSL_PREFERRED_NOVERIFY = 4
end
same "by number", %w[verify_ca preferred], [2, 4].map { |mode| environment(ssl_mode: mode)["ZOSC_SSL_MODE"] }
Zosc.connection = { host: "primary", username: "zosc" }
same "an account of zosc's own", %w[primary zosc 3306], environment(socket: "/s", username: "app", port: 1).values_at("ZOSC_HOST", "ZOSC_USER", "ZOSC_PORT")
Zosc.connection = {}

# Ends. What zosc does not do well is played by a shell.
def verdict(script, input = "")
  child = Zosc::Child.new({}, ["sh", "-c", script], input).run { |_| nil }
  Zosc::Verdict.new(child)
end
def ends(code, outcome)
  %(echo '{"event":"finished","exit_code":#{code},"outcome":"#{outcome}"}')
end
check("done") { verdict("cat; echo; #{ends(0, 'copied')}", "x" * 200_000).made? }
check("done though nothing is read") { verdict("#{ends(0, 'already')}", "x" * 200_000).made? }
{
  "exit 0" => [Zosc::Silent, "no_end", true],
  "#{ends(0, 'copied')}; exit 6" => [Zosc::Resumable, "exit_6", false],
  "#{ends(6, 'failed')}; exit 0" => [Zosc::Silent, "not_made", false],
  ends(0, "rehearsed") => [Zosc::Silent, "not_made", false],
  "#{ends(0, 'copied')}; echo '{\"event\":\"alive\"}'" => [Zosc::Silent, "not_made", false],
  "kill -9 $$" => [Zosc::Silent, "no_end", true],
  "echo 'error: what flag?' >&2; exit 2" => [Zosc::Usage, "exit_2", false],
  "exit 127" => [Zosc::Error, "exit_127", false]
}.each do |script, (type, code, resumable)|
  verdict = verdict(script)
  check("not done: #{script}") { !verdict.made? }
  same script, [type, code, resumable], [verdict.error.class, verdict.error.code, verdict.error.resumable?]
end
check("what it said is not lost") { verdict("echo 'what flag?' >&2; exit 2").error.message == "what flag?" }
Zosc::BY_EXIT_CODE.each do |code, type|
  event = %({"event":"error","code":"slug","message":"é","hint":"h","hints":["h","i"],"resumable":true})
  error = verdict("echo '#{event}'; echo 'error: é' >&2; #{ends(code, 'failed')}; exit #{code}").error
  same "exit code #{code}", [type, "slug", "é\nhint: h\nhint: i", "h", true, code],
       [error.class, error.code, error.message, error.hint, error.resumable?, error.exit_code]
end
same "not there", "not_found", failing(Zosc::NotFound) { Zosc::Child.new({}, %w[/nonexistent/zosc run], "").run }.code

# Signals: the child is told, and waited for. It may even come to its end.
Dir.mktmpdir do |folder|
  File.mkfifo("#{folder}/ready")
  begin
    Thread.new { File.read("#{folder}/ready"); Process.kill("TERM", Process.pid) }
    script = "trap 'told=1' TERM; echo > #{folder}/ready; while [ -z \"$told\" ]; do sleep 0.05; done; "
    verdict("#{script}#{ends(143, 'failed')}; exit 143").made? && fail_loudly("it was terminated")
    Thread.new { File.read("#{folder}/ready"); Process.kill("TERM", Process.pid) }
    given_back = false
    before = trap("TERM") { given_back = true }
    check("made in spite of a signal") { verdict("#{script}#{ends(0, 'copied')}").made? }
    sleep 0.01 until given_back
  ensure
    trap("TERM", before || "DEFAULT")
  end
end

same "a slip of the pen", "Zosc.default is :on or :off, not true", begin
  Zosc.default = true
rescue ArgumentError => e
  e.message
end
puts "the pieces fit"
