# frozen_string_literal: true

# Adds 1 to a counter as often as it is told, with nothing but `get` and `update`.

require "json"
require "slipstream"

$stdout.sync = true
url, times = ARGV
Slipstream.connect(url) do |connection|
  store = connection.store("counters")
  puts JSON.generate("ready")
  $stdin.gets
  conflicts = 0
  Integer(times).times do
    entry = store.get("counter")
    store.update("counter", (Integer(entry.value) + 1).to_s, entry.version)
  rescue Slipstream::RevisionMismatch
    conflicts += 1
    retry
  end
  puts JSON.generate(conflicts:)
end
