# frozen_string_literal: true

# One migration that takes its time; the test stops it in several ways and starts it again. Says how it
# ended; the versions tell whether Rails knows.
require_relative "support"

connect
Zosc.default = :on
Zosc.flags += ENV.fetch("RAILS_FLAGS", "").split

begin
  index = migration(1) { def change; add_index :big, :v; end }
  migrator(:up, [index]).migrate
  puts "ended well, versions #{versions}"
rescue StandardError => e
  error = e.cause
  puts "#{error.class} #{error.code} #{error.exit_code.inspect} #{error.resumable?}, versions #{versions}"
  puts error.message
  exit 1
end
