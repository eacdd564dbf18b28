# frozen_string_literal: true

# Forks while threads write, has each child write over a connection of its own, and says how many
# writes there were.

require "json"
require "slipstream"

PUTS = 20
THREADS = 4

$stdout.sync = true
url, rounds = ARGV
connection = Slipstream.connect(url)
store = connection.store("turn")
Integer(rounds).times do |round|
  threads = Array.new(THREADS) do |thread|
    Thread.new { PUTS.times { |i| store.put("parent.#{round}.#{thread}.#{i}", "v") } }
  end
  child = fork do
    store.put("refused", "")
    exit!(1)
  rescue Slipstream::NotConnected => error
    own = Slipstream.connect(url)
    own.store("turn").put("child.#{round}", "v")
    exit!(error.outcome_unknown? ? 1 : 0)
  end
  threads.each(&:join)
  Process.wait(child)
  abort("the child failed") unless Process.last_status.success?
end
puts JSON.generate(Integer(rounds) * ((THREADS * PUTS) + 1))
connection.close
