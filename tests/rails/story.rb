# frozen_string_literal: true

# The life of a schema: up, down, up again, and what goes wrong on the way; once with plain migrations,
# once through zosc. Both must end in the same schema.rb.
require_relative "support"

NASTY = %q(a'b"c`d$HOME \\ 0.5;-1)
COMMENT = "first line\n-- second; it's `here`"

class Begin < Current
  def change
    create_table :people do |t|
      t.string :name, null: false
      t.index :name, unique: true
    end
    create_table :orders, comment: "what people want" do |t|
      t.bigint :person_id, null: false
      t.decimal :amount, precision: 8, scale: 2, null: false
      t.string :note, limit: 40
      t.string :old
      t.timestamps
    end
    create_table :notes do |t|
      t.references :person, foreign_key: true
      t.integer :stars
      t.check_constraint "stars < 6", name: "not_too_many"
    end
    # Made in this migration: nobody uses it yet.
    add_column :orders, :extra, :integer
    reversible do |way|
      way.up do
        execute "INSERT INTO people (id, name) VALUES (1, 'Ann'), (2, 'Bob')"
        execute "INSERT INTO orders (id, person_id, amount, note, created_at, updated_at) " \
                "SELECT p.id * 10 + q.id, p.id, q.id, 'é', NOW(6), NOW(6) FROM people p, people q"
      end
    end
  end
end

class Grow < Current
  zosc! "--allow=lossy-conversion" # on the way down

  def up
    change_table :orders, comment: nil do |t|
      t.string :status, default: NASTY, null: false, comment: COMMENT
      t.decimal :rate, precision: 8, scale: 3, default: -0.5
      t.change :amount, :decimal, precision: 12, scale: 4, null: false
      t.remove :old
      t.index %i[status amount]
    end
  end

  def down
    change_table :orders do |t|
      t.remove_index column: %i[status amount]
      t.remove :status, :rate
      t.change :amount, :decimal, precision: 8, scale: 2, null: false
      t.string :old
    end
  end
end

class Bind < Current
  zosc! "--workers=1"

  def change
    add_column :people, :boss, :bigint
    rename_column :orders, :note, :remark
    change_column_comment :notes, :stars, from: nil, to: COMMENT
    offline { add_column :notes, :plain, :integer, default: 3 }
    reversible do |way|
      way.up { execute "/* why */ ALTER TABLE #{connection.current_database}.orders\n ADD COLUMN raw INT" }
      way.down { execute "alter table `orders` DROP COLUMN raw" }
    end
  end
end

def all
  [Begin.new("Begin", 1), Grow.new("Grow", 2), Bind.new("Bind", 3)]
end

def looks
  %w[people orders notes].map { |table| definition(table).sub(/ AUTO_INCREMENT=\d+/, "") }.join("\n")
end

# What plain migrations make: where there is no zosc, tests are plain.
Zosc.inline = true
ours, Zosc.binary = Zosc.binary, "/nonexistent/zosc"
connect(database: "#{CONFIG[:database]}_plain")
up(*all)
plain = { up: [schema_rb, looks] }
down(all[2])
down(all[1])
plain[:down] = [schema_rb, looks]
up(*all)
plain[:again] = [schema_rb, looks]

# The same through zosc.
connect
Zosc.inline = false
Zosc.binary = ours
Zosc.default = :on
told = up(*all.first(2))
# Made, but the version could not be recorded.
connection.execute("DELETE FROM schema_migrations WHERE version = '2'")
again = up(*all.first(2))
check("it is known: #{again}") { again.scan("zosc: ") == ["zosc: "] && again.include?("zosc: done before") }
told << up(*all)
same "versions", %w[1 2 3], versions
same "schema.rb", plain[:up][0], schema_rb
same "SHOW CREATE TABLE", plain[:up][1], looks
check("one copy, under Rails' own line: #{told}") do
  told.scan("zosc: copy of").size == 1 && told =~ /-- change_table\(:orders.*\n   -> zosc: copy of \S+\.orders: /
end
check("what is made in the migration stays plain: #{told}") { told !~ /-- add_column\(:orders, :extra.*\n   -> zosc/ }
check("a block stays plain: #{told}") { told !~ /-- add_column\(:notes, :plain.*\n   -> zosc/ }
check("whole rows") { rows("SELECT COUNT(*) FROM orders WHERE remark = 'é' AND status LIKE '%$HOME%'") == [4] }
check("tables of zosc are there, not in schema.rb") { connection.tables.include?("orders__zosc_kept") }

# Down and up again: nothing that was done before is taken for done.
down(all[2])
down(all[1])
same "schema.rb after down", plain[:down][0], schema_rb
same "SHOW CREATE TABLE after down", plain[:down][1], looks
told = up(*all)
same "schema.rb after up, down, up", plain[:again][0], schema_rb
same "SHOW CREATE TABLE after up, down, up", plain[:again][1], looks
check("the kept table made room: #{told}") { told =~ /orders__zosc_kept`, kept by run \d+, is dropped/ }

# Refused, and the version is not recorded; then another way, and it is.
error = failing(Zosc::Refused) do
  up(*all, migration(4) { def change; change_column :orders, :amount, :decimal, precision: 8, scale: 2; end })
end
same "the error", [3, "lossy-conversion", false], [error.exit_code, error.code, error.resumable?]
check("a way out: #{error.message}") { error.hint && error.message.include?("hint: #{error.hint}") }
same "versions after a refusal", %w[1 2 3], versions
told = up(*all, migration(4) { def change; add_index :orders, :person_id, unique: false; end })
check("CREATE INDEX: #{told}") { told =~ /-- add_index.*\n   -> zosc: copy of/ }
same "versions", %w[1 2 3 4], versions
told = down(migration(4) { def change; add_index :orders, :person_id, unique: false; end })
check("DROP INDEX: #{told}") { told =~ /-- remove_index.*\n   -> zosc: in_place of/ }
connection.execute("INSERT INTO schema_migrations VALUES ('4')")

# A statement that has been made is not made again when the one behind it has failed.
broken = migration(5) do
  def up
    add_column :people, :one, :integer
    add_column :people, :two, :integer unless column_exists?(:people, :two)
    execute "ALTER TABLE people ADD INDEX broken (nothing)"
  end
end
failing(Zosc::Refused) { up(*all, broken) }
mended = migration(5) do
  def up
    add_column :people, :one, :integer
    add_column :people, :two, :integer unless column_exists?(:people, :two)
    add_column :people, :three, :integer
  end
end
told = up(*all, mended)
check("one is known, two is there, three is new: #{told}") do
  told.scan("zosc: done before").size == 1 && told.scan("zosc: done: instant").size == 1
end
# But when somebody has taken it back by hand, it is.
connection.execute("DELETE FROM schema_migrations WHERE version = '5'")
connection.execute("ALTER TABLE people DROP COLUMN one, DROP COLUMN three")
told = up(*all, mended)
same "what was taken back is made again", %w[one two three], %w[one two three] & connection.columns(:people).map(&:name)
check("not taken for done: #{told}") { !told.include?("done before") }

# In tests statements are plain, but what would be refused still is.
Zosc.inline = true
error = failing(Zosc::Refused) do
  up(*all, migration(6) { def change; change_column :orders, :amount, :decimal, precision: 6, scale: 1; end })
end
same "the same refusal", "lossy-conversion", error.code
told = up(*all, migration(6) { def change; add_column :orders, :quick, :integer; end })
check("plain: #{told}") { !told.include?("zosc") }
Zosc.inline = false

# Nothing of the migration's own may be in the way.
error = failing(Zosc::Refused) do
  up(*all, migration(7) { def change; transaction { add_column :orders, :late, :integer }; end })
end
same "an open transaction", "open_transaction", error.code
told = up(*all, migration(7) { disable_zosc!; def change; add_column :orders, :late, :integer; end })
check("switched off: #{told}") { !told.include?("zosc") }
check("the password is nowhere: #{told}") { !File.read("/proc/self/cmdline").include?(CONFIG[:password]) }

puts "the story is told"
