# frozen_string_literal: true

# Closes a connection while writes of every kind are under way, and says what each was told.

require "json"
require "slipstream"

TTL = 600
KINDS = {
  "put" => ->(store, key, _) { store.put(key, key) },
  "put_ttl" => ->(store, key, _) { store.put(key, key, ttl: TTL) },
  "create" => ->(store, key, _) { store.create(key, key) },
  "create_ttl" => ->(store, key, _) { store.create(key, key, ttl: TTL) },
  "update" => ->(store, key, version) { store.update(key, key, version) },
  "update_ttl" => ->(store, key, version) { store.update(key, key, version, ttl: TTL) },
  "delete" => ->(store, key, _) { store.delete(key) },
  "delete_with_version" => ->(store, key, version) { store.delete_with_version(key, version) },
  "purge" => ->(store, key, _) { store.purge(key) }
}.freeze
FIRST = %w[update update_ttl delete delete_with_version purge].freeze

def outcome(kind, key)
  yield
  { kind:, key:, code: nil, unknown: nil }
rescue Slipstream::KvError => error
  { kind:, key:, code: error.code, unknown: error.outcome_unknown? }
end

$stdout.sync = true
_, url, timeout = ARGV
while (line = $stdin.gets)
  order = JSON.parse(line)
  connection = Slipstream.connect(url, timeout: Float(timeout))
  store = connection.store("closing")
  kinds = KINDS.keys
  writes = Array.new(order["writes"]) { |i| [kinds[i % kinds.size], "#{order['round']}.#{i}"] }
  first = writes.select { |kind, _| FIRST.include?(kind) }
  versions = first.to_h { |_, key| [key, store.put(key, "-")] }
  puts JSON.generate("ready")
  $stdin.gets
  write = lambda do |(kind, key)|
    Thread.new { outcome(kind, key) { KINDS[kind].call(store, key, versions[key]) } }
  end
  early = writes.size - order["late"]
  threads = writes.first(early).map(&write)
  sleep order["after"]
  closing = Thread.new { connection.close }
  threads += writes.drop(early).map(&write)
  closing.join
  puts JSON.generate(threads.map(&:value))
end
