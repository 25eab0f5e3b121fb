# frozen_string_literal: true

# zosc for Rails: what migrations do to existing tables (ALTER TABLE, CREATE INDEX, DROP INDEX) goes
# through zosc, which changes a table while the application keeps reading and writing it.
#
#   zosc wrapper rails > lib/zosc.rb
#
#   # config/initializers/zosc.rb
#   require Rails.root.join("lib/zosc")
#   Zosc.default = :on
#
# The connection's adapter stays what it is. Everything else, such as CREATE TABLE, is executed as ever.
# Written for ActiveRecord 6.1 and later, with mysql2 or trilogy. One file, no dependencies; change it
# as you like. docs/guides/rails.md has the whole story.

require "digest"
require "json"
require "tempfile"
require "active_support"
require "active_support/lazy_load_hooks"

module Zosc
  class << self
    # The program: a name that is looked for in PATH, or a path.
    attr_accessor :binary
    # Flags for every run, each an element of its own, such as ["--discover-replicas", "--max-lag=1s"].
    attr_accessor :flags
    # What zosc uses instead of the entries in database.yml, such as { host: "primary", username: "zosc" }:
    # it must reach the primary itself, past any proxy, and needs rights of its own.
    attr_accessor :connection
    # Seconds between two signs of life to the server on the migration's own connection.
    attr_accessor :keep_alive
    # Whether the table that an earlier change has kept is dropped when a new one needs its name.
    attr_accessor :drop_kept
    # Whether migrations that do not say otherwise go through zosc: :on or :off.
    attr_reader :default
    # Whether statements are executed plainly, behind a check by zosc if it is installed.
    attr_writer :inline

    def default=(switch)
      raise ArgumentError, "Zosc.default is :on or :off, not #{switch.inspect}" unless %i[on off].include?(switch)

      @default = switch
    end

    def inline?
      return @inline unless @inline.nil?

      defined?(::Rails) && ::Rails.respond_to?(:env) && ::Rails.env.to_s == "test"
    end
  end

  self.binary = ENV["ZOSC_BINARY"] || "zosc"
  self.flags = []
  self.connection = {}
  self.keep_alive = 30
  self.drop_kept = true
  self.default = :off

  # Why a change was not made. Rails wraps what a migration raises: look at `error.cause`.
  class Error < StandardError
    # The process's exit code (nil where there was none), a stable slug, and the ways out.
    attr_reader :exit_code, :code, :hints, :resumable
    alias resumable? resumable

    def initialize(message, code: nil, hints: [], exit_code: nil, resumable: false)
      @code = code
      @hints = hints
      @exit_code = exit_code
      @resumable = resumable
      super([message, *hints.map { |hint| "hint: #{hint}" }].join("\n"))
    end

    def hint
      hints.first
    end
  end

  # One class for each exit code; docs/reference/exit-codes.md tells what is left after each.
  Failed = Class.new(Error)
  Usage = Class.new(Error)
  Refused = Class.new(Error)
  NotReady = Class.new(Error)
  Busy = Class.new(Error)
  Resumable = Class.new(Error)
  Differs = Class.new(Error)
  Postponed = Class.new(Error)
  Unknown = Class.new(Error)
  Bug = Class.new(Error)
  Interrupted = Class.new(Error)
  Terminated = Class.new(Interrupted)
  # zosc could not be started.
  NotFound = Class.new(Error)
  # zosc ended without telling how: killed, for example. Whether the change is made, the next run finds out.
  Silent = Class.new(Error)

  BY_EXIT_CODE = {
    1 => Failed, 2 => Usage, 3 => Refused, 4 => NotReady, 5 => Busy, 6 => Resumable, 7 => Differs,
    8 => Postponed, 9 => Unknown, 101 => Bug, 130 => Interrupted, 143 => Terminated
  }.freeze

  # An SQL statement, as far as it matters who executes it. It is only looked at, never rewritten.
  class Statement
    GAP = '(?>(?:\s|/\*(?!!).*?\*/|(?:--(?=\s)|\#)[^\n]*)*)'
    NAME = '(?:`(?:[^`]|``)+`|[^\s`"\'.,;()]+)'
    TABLE = "(?:(?<schema>#{NAME})#{GAP}\\.#{GAP})?(?<table>#{NAME})"

    def self.pattern(*words)
      /\A#{GAP}#{words.join(GAP)}/im
    end
    private_class_method :pattern

    ALTERS = pattern('ALTER\b', '(?:(?:ONLINE|OFFLINE|IGNORE)\b)?', 'TABLE\b', TABLE)
    INDEXES = pattern('(?:CREATE|DROP)\b', '(?:OR\b)?', '(?:REPLACE\b)?',
                      '(?:(?:UNIQUE|FULLTEXT|SPATIAL)\b)?', 'INDEX\b', '(?:IF\b)?', '(?:NOT\b)?',
                      '(?:EXISTS\b)?', NAME, '.*?\bON\b', TABLE)
    # Not IF NOT EXISTS: that table may be an old one.
    MAKES = pattern('CREATE\b', '(?:OR\b)?', '(?:REPLACE\b)?', '(?:TEMPORARY\b)?', 'TABLE\b', '(?!IF\b)', TABLE)
    RENAMES = pattern('RENAME\b', 'TABLES?\b')
    DROPS = pattern('DROP\b', '(?:TEMPORARY\b)?', 'TABLES?\b', '(?:IF\b)?', '(?:EXISTS\b)?')

    attr_reader :sql

    def initialize(sql, schema)
      @sql = sql
      @schema = schema
      # Bytes: a statement may hold what is no text.
      @bytes = sql.b
      @found = ALTERS.match(@bytes) || INDEXES.match(@bytes)
    end

    def for_zosc?
      !@found.nil?
    end

    # The table that it changes: schema and name.
    def table
      named(@found)
    end

    # The tables that a migration has made, once this statement is executed.
    def made(before)
      case @bytes
      when MAKES then before + [named(Regexp.last_match)]
      when RENAMES then renamed(before, names(Regexp.last_match.post_match))
      when DROPS then before - names(Regexp.last_match.post_match)
      else before
      end
    end

    def digest
      Digest::SHA256.hexdigest(@bytes)[0, 12]
    end

    private

    def named(match)
      [match[:schema] ? unquoted(match[:schema]) : @schema, unquoted(match[:table])]
    end

    def names(list)
      found = list.to_enum(:scan, /#{TABLE}/i).map { named(Regexp.last_match) }
      found.reject { |_, name| name.casecmp?("to") }
    end

    def renamed(before, names)
      names.each_slice(2).reduce(before) do |made, (from, to)|
        made.include?(from) ? made - [from] + [to] : made - [to]
      end
    end

    def unquoted(name)
      name = name[1..-2].gsub("``", "`") if name.start_with?("`")
      name.dup.force_encoding(Encoding::UTF_8)
    end
  end

  # How zosc reaches the server, as environment variables: a command line can be read by everybody on the
  # machine. A nil takes a variable away, so that nothing of the caller's environment gets in between.
  class Login
    def initialize(connection)
      @connection = connection
      @config = merged(connection.pool.db_config.configuration_hash, Zosc.connection)
    end

    def environment
      {
        "ZOSC_URL" => nil, "ZOSC_ID" => nil, "ZOSC_FORMAT" => nil, "ZOSC_PASSWORD_FILE" => nil,
        "MYSQL_PWD" => nil, "ZOSC_USER" => setting(:username, :user),
        # Without one an empty password is meant, not that of some option file.
        "ZOSC_PASSWORD" => setting(:password, :pass) || "",
        "ZOSC_DATABASE" => @connection.current_database
      }.merge(address).merge(tls)
    end

    private

    # Host and socket go together: who replaces one of them means another way to the server.
    def merged(config, ours)
      way = %i[host hostname port socket sock]
      config = config.reject { |key, _| way.include?(key) } if (ours.keys & way).any?
      config.merge(ours)
    end

    def address
      socket = setting(:socket, :sock) || socket_of_localhost
      return { "ZOSC_SOCKET" => socket, "ZOSC_HOST" => nil, "ZOSC_PORT" => nil } if socket

      host = setting(:host, :hostname) || "127.0.0.1"
      { "ZOSC_SOCKET" => nil, "ZOSC_HOST" => host, "ZOSC_PORT" => setting(:port) || "3306" }
    end

    # mysql2 takes `localhost` for the socket that its library was built with, zosc takes it for TCP.
    def socket_of_localhost
      return unless @config[:adapter].to_s == "mysql2" && [nil, "localhost"].include?(setting(:host, :hostname))

      path = @connection.select_value("SELECT @@socket")
      path if path && File.socket?(path)
    end

    # The names of mysql2 and those of trilogy.
    def tls
      authority = setting(:sslca, :ssl_ca)
      folder = setting(:sslcapath, :ssl_capath)
      raise folder_instead_of_file(folder) if folder && !authority

      {
        "ZOSC_SSL_MODE" => tls_mode, "ZOSC_SSL_CA" => authority,
        "ZOSC_SSL_CERT" => setting(:sslcert, :ssl_cert), "ZOSC_SSL_KEY" => setting(:sslkey, :ssl_key)
      }
    end

    def tls_mode
      mode = @config[:ssl_mode]
      mode = trilogy_mode(mode) if mode.is_a?(Integer)
      return mode.to_s.upcase[/\A(?:SSL_MODE_|SSL_)?(.+?)(?:_NOVERIFY)?\z/, 1].downcase if mode
      return "verify_identity" if @config[:sslverify]

      "required" if @config[:ssl]
    end

    def trilogy_mode(number)
      ::Trilogy.constants.grep(/\ASSL_/).find { |name| ::Trilogy.const_get(name) == number }
    end

    def folder_instead_of_file(folder)
      Usage.new("the certificates in #{folder} cannot be used: zosc takes the authority's from one file",
                code: "tls_folder", hints: ['name the file: `Zosc.connection = { sslca: "/path/to/ca.pem" }`'])
    end

    def setting(*names)
      names.map { |name| @config[name] }.compact.first&.to_s
    end
  end

  # zosc at work: a child process that reads the statement from its standard input and writes events to
  # its standard output.
  class Child
    SIGNALS = %w[INT TERM].freeze

    # The last event, what it said beside its events, and how it ended.
    attr_reader :last, :words, :status, :pid

    def initialize(environment, arguments, input)
      @environment = environment
      @arguments = arguments
      @input = input
      @last = {}
      @words = +""
    end

    # Waits for its end. Yields each event as it comes, and nil once a second without one.
    def run(&block)
      Tempfile.create("zosc") do |statement|
        Tempfile.create("zosc") do |stderr|
          statement.binmode
          statement.write(@input)
          statement.rewind
          heard(statement, stderr, &block)
          stderr.rewind
          words << text(stderr.read)
        end
      end
      self
    end

    # The last object that it told of this kind.
    def event(kind)
      @events && @events[kind]
    end

    private

    def heard(statement, stderr, &block)
      passing_signals_on do
        heard_all = false
        listen(start(statement, stderr), &block)
        heard_all = true
      ensure
        wait(ask_to_stop: !heard_all)
      end
    end

    def start(statement, stderr)
      out, theirs = IO.pipe
      # An argument vector: no shell looks at it.
      @pid = Process.spawn(@environment, *@arguments, in: statement, out: theirs, err: stderr)
      pass_on(@signal) if @signal
      out
    rescue SystemCallError => e
      out.close
      raise NotFound.new("`#{@arguments.first}` cannot be started: #{e.message}", code: "not_found",
                         hints: ['install zosc, or say where it is: `Zosc.binary = "/path/to/zosc"`'])
    ensure
      theirs.close
    end

    def listen(out)
      unread = "".b
      loop do
        yield nil unless IO.select([out], nil, nil, [1, Zosc.keep_alive].min)
        *lines, unread = (unread << out.read_nonblock(65_536)).split("\n", -1)
        lines.each { |line| yield understood(line) }
      rescue IO::WaitReadable
        next
      end
    rescue EOFError
      words << text(unread)
    ensure
      out.close
    end

    def understood(line)
      event = JSON.parse(text(line))
      raise JSON::ParserError, "not an event" unless event.is_a?(Hash)

      @events = (@events || {}).merge(event["event"] => event)
      @last = event
    rescue JSON::ParserError
      words << text(line) << "\n"
      nil
    end

    def text(bytes)
      bytes.dup.force_encoding(Encoding::UTF_8).scrub
    end

    # It is never killed. If an exception of somebody else's cuts the listening off it is asked to stop:
    # then it leaves what it needs to be gone on with.
    def wait(ask_to_stop:)
      return unless @pid

      pass_on("TERM") if ask_to_stop
      _, @status = Process.wait2(@pid)
      @pid = nil
    end

    # Ctrl-C and SIGTERM: zosc gets them, too, finishes its transaction and ends; until then this process
    # waits. If the change is made in spite of the signal, that is given back to whoever would have had it.
    def passing_signals_on
      before = SIGNALS.map { |signal| [signal, trap(signal) { pass_on(@signal = signal) }] }
      yield
    ensure
      before.each { |signal, handler| trap(signal, handler || "DEFAULT") }
      Process.kill(@signal, Process.pid) if @signal && @status&.success?
    end

    # The terminal tells the whole process group, `kill` tells one process. Twice is as once.
    def pass_on(signal)
      Process.kill(signal, @pid) if @pid
    rescue Errno::ESRCH
      nil # It has ended.
    end
  end

  # What is said of a run under Rails' own lines.
  class Narrator
    STAGES = {
      "copy" => "copying", "verify" => "comparing all rows", "wait" => "waiting for the moment to swap",
      "cutover" => "swapping the tables"
    }.freeze
    PROGRESS_EVERY = 10
    SILENCE = 60

    # Takes a block that is called with each line.
    def initialize(&say)
      @say = say
      @heard_at = @progress_at = now
    end

    def hear(event)
      @heard_at = now
      line = line(event)
      @say.call(line) if line
    end

    # zosc says something at least every ten seconds. It is not killed for keeping silent: what it does may
    # be right before its end.
    def wait(pid)
      return if now - @heard_at < SILENCE

      @heard_at = now
      @say.call("no word from zosc for #{SILENCE} s; it is still there, as process #{pid}")
    end

    private

    def line(event)
      case event["event"]
      when "plan" then plan(event)
      when "run" then @copies && "run #{event['run']}; look at it, or steer it: zosc ctl #{event['run']}"
      when "stage" then stage(event)
      when "progress" then progress(event)
      when "throttled" then "resting: #{event['detail'] || event['reason']}"
      when "unthrottled" then "going on"
      when "waiting" then "waiting for #{event['for']}: #{event['detail']}"
      when "warning" then ["warning: #{event['message']}", event["hint"]].compact.join("; ")
      when "swap" then swap(event)
      when "finished" then finished(event)
      end
    end

    def plan(event)
      @copies = event["method"] == "copy"
      findings = Array(event["findings"]).reject { |finding| finding["level"] == "refuse" }
      ["#{event['method']} of #{event['table']}: #{event['reason']}",
       *findings.map { |finding| "#{finding['level']}: #{finding['message']}" }].join("\n      ")
    end

    def stage(event)
      words = STAGES[event["stage"]]
      event["resumed"] ? ["going on where the run has stopped", words].compact.join(": ") : words
    end

    def progress(event)
      return if now - @progress_at < PROGRESS_EVERY

      @progress_at = now
      left = event["eta_seconds"]
      ["#{event['percent']} %", "#{event['rows_per_second']} rows/s", left && "#{left} s left"].compact.join(", ")
    end

    def swap(event)
      return if event["outcome"] == "granted"

      blockers = Array(event["blockers"]).map { |it| "connection #{it['thread']} of #{it['user']}" }
      ["not swapped yet (#{event['outcome']})", *blockers].join(", in the way: ")
    end

    def finished(event)
      case event["outcome"]
      when "copied" then "done: #{event['rows']} rows are equal; locked for #{event['locked_ms']} ms; " \
                         "the table as it was is kept as #{event['kept']}"
      when "already" then "done before: nothing is to do"
      when "failed" then nil
      else "done: #{event['outcome'].tr('_', ' ')}"
      end
    end

    def now
      Process.clock_gettime(Process::CLOCK_MONOTONIC)
    end
  end

  # Whether the change is made: only if exit code and last event both say so.
  class Verdict
    MADE = %w[copied instant in_place nothing already].freeze

    def initialize(child)
      @child = child
      @code = child.status.exitstatus
    end

    def made?
      finished? && @code.zero? && MADE.include?(@child.last["outcome"])
    end

    def error
      return of_event if @child.event("error")
      return silent unless @code && @code.positive?

      type = BY_EXIT_CODE.fetch(@code, Error)
      type.new(said || "zosc ended with exit code #{@code}", exit_code: @code, code: "exit_#{@code}")
    end

    # What it wrote beside its events, without the error that the exception tells.
    def log
      error = @child.event("error")
      told = error ? ["error: #{error['message']}", *hints(error).map { |hint| "hint: #{hint}" }] : []
      @child.words.lines.map(&:chomp).reject(&:empty?) - told
    end

    private

    def finished?
      @child.last["event"] == "finished" && @child.last["exit_code"] == @code
    end

    def of_event
      error = @child.event("error")
      BY_EXIT_CODE.fetch(@code, Silent).new(
        error["message"], code: error["code"], hints: hints(error), exit_code: @code, resumable: error["resumable"]
      )
    end

    def hints(error)
      error["hints"] || [error["hint"]].compact
    end

    def silent
      how = @code ? "ended with exit code #{@code}" : "was killed by signal #{@child.status.termsig}"
      outcome = @child.event("finished") && @child.event("finished")["outcome"]
      what = outcome ? "said `#{outcome}`: the change is not made" : "did not tell how the change ended"
      Silent.new(
        ["zosc #{how} and #{what}", said].compact.join("\n"), code: outcome ? "not_made" : "no_end",
        hints: ["run the same migration again: zosc finds out how far it came"], exit_code: @code, resumable: !outcome
      )
    end

    def said
      words = log.last(20).join("\n")
      words unless words.empty?
    end
  end

  # What one migration does to existing tables, in one direction.
  class Route
    # The schema dump must be as after a plain ALTER: no constraint may get another name.
    FLAGS = ["--forbid=check-names"].freeze

    def initialize(connection, migration, direction)
      @connection = connection
      @migration = migration
      @direction = direction.to_s
      @database = connection.current_database
      @made = []
      @offline = false
      @times = Hash.new(0)
    end

    # Whether statements go through zosc here and now.
    def online?
      !@offline
    end

    def offline
      before = @offline
      @offline = true
      yield
    ensure
      @offline = before
    end

    # Executes the statement through zosc, or leaves it to the block.
    def execute(sql, &plainly)
      statement = Statement.new(sql, @database)
      if !statement.for_zosc?
        yield.tap { @made = statement.made(@made) }
      elsif @offline || @made.include?(statement.table)
        yield
      elsif Zosc.inline?
        inline(statement, &plainly)
      else
        change(statement)
      end
    end

    private

    def change(statement)
      refuse_in_transaction
      ActiveRecord::Base.logger&.info("zosc: #{statement.sql}")
      child = follow(statement, "run", *id(statement))
      verdict = Verdict.new(child)
      verdict.log.each { |line| say(line) }
      raise verdict.error unless verdict.made?
    end

    # Tests must not hide what production would refuse.
    def inline(statement)
      child = child(statement, "plan", "--check").run { |_| nil }
      verdict = Verdict.new(child)
      refused = Array((child.event("plan") || {})["findings"]).find { |it| it["level"] == "refuse" && !it["allowed"] }
      raise Refused.new(refused["message"], code: refused["rule"], hints: [refused["hint"]], exit_code: 3) if refused

      case child.status.exitstatus
      when 0 then nil
      when 2, 3 then raise verdict.error
      else say("not checked by zosc: #{verdict.error.message}")
      end
      yield
    rescue NotFound
      yield
    end

    def follow(statement, *command)
      narrator = Narrator.new { |line| say(line) }
      pulse = Pulse.new(@connection) { |line| say(line) }
      child = child(statement, *command)
      child.run do |event|
        event ? narrator.hear(event) : narrator.wait(child.pid)
        pulse.beat
      end
    ensure
      pulse&.revive
    end

    def child(statement, command, *ours)
      ours << "--drop-kept" if Zosc.drop_kept
      flags = [*FLAGS, *Zosc.flags, *@migration.class.zosc_flags, *ours]
      Child.new(Login.new(@connection).environment,
                [Zosc.binary, command, "--format", "json", *flags, "-"].map(&:to_s), statement.sql)
    end

    # The name of the change: when it was made but Rails could not record the version any more, it is not made
    # twice. The other direction takes it back, so that `redo` is more than nothing.
    #
    # The digest stands for the statement: its number would not do, because in a second attempt
    # `unless column_exists?` may leave some statements out.
    def id(statement)
      return [] unless @migration.version

      family = ["rails", @database, @migration.version].join(":")
      times = @times[statement.sql] += 1
      name = [family, @direction, statement.digest, *(times if times > 1)].join(":")
      ["--id", name, "--undoes", "#{family}:#{@direction == 'up' ? 'down' : 'up'}:"]
    end

    # zosc would wait for the locks of the migration's own transaction.
    def refuse_in_transaction
      return unless @connection.transaction_open?

      raise Refused.new(
        "the migration has a transaction open, whose locks would be in zosc's way", code: "open_transaction",
        hints: ["change the table outside of the transaction", "or plainly: `offline { … }`"], exit_code: 3
      )
    end

    def say(line)
      @migration.say("zosc: #{line}", true)
    end
  end

  # Keeps the migration's own connection from being closed for its silence: without it Rails could not
  # record the version.
  class Pulse
    def initialize(connection, &say)
      @connection = connection
      @say = say
      @beat_at = now
    end

    def beat
      revive if now - @beat_at >= Zosc.keep_alive
    end

    # Connects anew if the server, or something on the way to it, has closed the connection.
    def revive
      @beat_at = now
      @connection.verify!
    rescue StandardError => e
      @say.call("the migration's own connection does not answer: #{e.message}")
    end

    private

    def now
      Process.clock_gettime(Process::CLOCK_MONOTONIC)
    end
  end

  # Extends the one connection of a migration while it is executed; all others stay as they are.
  module Router
    attr_accessor :zosc_route

    def execute(sql, *arguments)
      return super unless zosc_route

      zosc_route.execute(sql) { super(sql, *arguments) }
    end
    ruby2_keywords(:execute) if respond_to?(:ruby2_keywords, true)
  end

  # What migrations can say in their class body: `zosc!`, `zosc! "--max-lag=1s"`, `disable_zosc!`.
  module Switches
    def zosc!(*flags)
      @zosc = true
      @zosc_flags = flags
    end

    def disable_zosc!
      @zosc = false
    end

    def zosc?
      return @zosc if defined?(@zosc)

      superclass.respond_to?(:zosc?) ? superclass.zosc? : Zosc.default == :on
    end

    def zosc_flags
      @zosc_flags || (superclass.respond_to?(:zosc_flags) ? superclass.zosc_flags : [])
    end
  end

  # What a migration can do.
  module Migration
    def exec_migration(connection, direction)
      # A migration that is run by another one belongs to that.
      return super if !self.class.zosc? || Migration.route(connection) || !Migration.mysql?(connection)

      begin
        connection.extend(Router)
        connection.zosc_route = Route.new(connection, self, direction)
        super
      ensure
        connection.zosc_route = nil
      end
    end

    # Executes what the block changes plainly. It can be reverted.
    def offline(&block)
      if connection.respond_to?(:revert)
        record_offline(connection, &block)
      elsif (route = Migration.route(connection))
        route.offline(&block)
      else
        yield
      end
    end

    # One ALTER TABLE, hence one copy, instead of one for each line.
    def change_table(table_name, *arguments, **options, &block)
      options = { bulk: true, **options } if Migration.route(connection)&.online?
      super(table_name, *arguments, **options, &block)
    end

    # The connection's route, also where a recorder stands before the connection.
    def self.route(connection)
      connection = connection.delegate while connection.respond_to?(:revert)
      connection.zosc_route if connection.is_a?(Router)
    end

    def self.mysql?(connection)
      !connection.respond_to?(:revert) && connection.adapter_name.match?(/mysql|trilogy/i)
    end

    private

    # What is recorded in the block is replayed as a block of the same kind.
    def record_offline(recorder)
      before = recorder.commands
      recorder.commands = []
      yield
      recorded = recorder.commands
      recorder.commands = before
      recorded.reverse! if recorder.reverting
      recorder.commands << [:replay_offline, [recorded]]
    end

    def replay_offline(commands)
      offline { commands.each { |command, arguments, block| send(command, *arguments, &block) } }
    end
  end

  ActiveSupport.on_load(:active_record) do
    ActiveRecord::Migration.extend(Switches)
    ActiveRecord::Migration.prepend(Migration)
    # The tables that zosc keeps or fills are not part of the application's schema.
    ActiveRecord::SchemaDumper.ignore_tables |= [/__zosc_[a-z_]+\z/]
  end
end
