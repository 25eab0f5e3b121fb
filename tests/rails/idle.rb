# frozen_string_literal: true

# The server closes what is silent, and the change takes longer.
require_relative "support"

# The advisory lock's connection is not the migration's: nobody can keep that one alive.
connect(advisory_locks: false)
Zosc.default = :on
Zosc.binary = ENV.fetch("RAILS_SLOW_ZOSC")

def signs_of_life
  connection.select_rows("SHOW SESSION STATUS LIKE 'Com_admin_commands'").dig(0, 1).to_i
end

Zosc.keep_alive = 0.2
before = signs_of_life
first = migration(1) { def change; add_column :t, :one, :integer; end }
up(first)
check("it gives signs of life: #{signs_of_life - before}") { signs_of_life - before > 2 }

Zosc.keep_alive = 30
connection.execute("SET SESSION wait_timeout = 1")
before = rows("SELECT CONNECTION_ID()")
told = up(first, migration(2) { def change; add_column :t, :two, :integer; end })
check("another connection: #{told}") { rows("SELECT CONNECTION_ID()") != before }
same "both versions are recorded", %w[1 2], versions
puts "nothing was lost"
