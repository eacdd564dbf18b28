# frozen_string_literal: true

# A watch as a scenario reads it.

require_relative "patience"

# What a watch is asked for; without prefixes and keys it is everything (S6).
Asked = Struct.new(:prefixes, :keys) do
  # Opens it, with the prefixes as several arguments or in one that has each.
  def watch(store, cursor, listed)
    given = prefixes || []
    given = [given.each] if listed || prefixes&.empty?
    store.watch(*given, keys: keys&.each, cursor:)
  end

  def key?(key)
    return true unless prefixes || keys

    (keys || []).include?(key) || key.start_with?(*prefixes)
  end
end

# A watch as a scenario reads it, each update checked against what holds for every watch.
class Watching
  include Minitest::Assertions
  include Patience

  PATIENCE = 10
  QUIET = 0.15
  # How many updates are read with the patience for one.
  TOGETHER = 1000
  KINDS = {
    Slipstream::Put => ["put"],
    Slipstream::Delete => %w[delete gone],
    Slipstream::Purge => %w[purge gone]
  }.freeze

  attr_accessor :assertions
  attr_reader :asked, :state, :last

  # An open watch, or why it could not be opened.
  def initialize(watch, failed, asked)
    @watch = watch
    @failed = failed
    @asked = asked
    @state = {}
    @assertions = 0
  end

  # The next update, which must come.
  def update(seconds = PATIENCE)
    kind, value = read(seconds)
    raise value if kind == :failed

    assert_equal :update, kind, "the watch ended"
    check(value)
  end

  # The next updates, which must come.
  def updates(count)
    # The first finishes a read that was given up before.
    read = [update]
    while read.size < count
      wanted = [count - read.size, TOGETHER].min
      taken = within(PATIENCE) { @watch.first(wanted) }
      assert_equal wanted, taken.size, "the watch ended"
      read.concat(taken.map { |update| check(update) })
    end
    read
  end

  # The error that ends the watch, or nothing. It must be next, or come after updates.
  def end(after_updates, seconds)
    loop do
      kind, value = read(seconds)
      return value unless kind == :update

      assert after_updates, "got #{value.inspect} instead of the end"
      check(value)
    end
  end

  # Waits a little for nothing to come.
  def quiet
    told = reading.join(QUIET)&.value
    assert_nil told, "instead of nothing"
  end

  def synced
    within(PATIENCE) { @watch.synced }
    assert @watch.synced?
  end

  def cursor
    @watch.cursor.tap { |cursor| assert_equal Encoding::BINARY, cursor.encoding }
  end

  def close = @watch&.close

  # Whether an update is the `[kind, key, value]` that a scenario expects.
  def fits?(update, (kind, key, value))
    kinds = KINDS.fetch(update.class)
    kinds += [update.reason.to_s] if update.is_a?(Slipstream::Purge)
    kinds.include?(kind) && update.key.b == key &&
      (update.is_a?(Slipstream::Put) ? update.value : nil) == value
  end

  private

  def read(seconds)
    raise Late, "no update within #{seconds} s" unless reading.join(seconds)

    @reading.value.tap { @reading = nil }
  end

  # One read. If it is given up it goes on, and the next one waits for it.
  def reading
    @reading ||= started do
      raise @failed if @failed

      [:update, @watch.next]
    rescue StopIteration
      [:ended, nil]
    rescue Slipstream::KvError => error
      [:failed, error]
    end
  end

  # Every update is of a key asked for (S6) and newer than all before it (S2).
  def check(update)
    assert @asked.key?(update.key), update.inspect
    assert @last.nil? || @last < update.version, "#{update.inspect} after #{@last.inspect}"
    @last = update.version
    update.is_a?(Slipstream::Put) ? @state[update.key] = update.value : @state.delete(update.key)
    update
  end
end
