# frozen_string_literal: true

# Steps of many operations, one after another or at once.
module Bulk
  IN_FLIGHT = 64

  # The keys of many.
  def many_keys(prefix:, count:) = Array.new(count) { |index| many_key(prefix, index) }

  def do_put_many(prefix:, count:, value: nil, store: "main")
    given = value && @names.octets(value)
    of_many(count) do |index|
      @stores[store].put(many_key(prefix, index), given || index.to_s)
    end
  end

  def do_delete_many(prefix:, count:, store: "main")
    of_many(count) { |index| @stores[store].delete(many_key(prefix, index)) }
  end

  # Runs one call as many tasks at once and counts how they end.
  def do_race(tasks:, step:, expect:)
    ends = at_once(tasks) do |task|
      call(step, @names.with("task", task.to_s))
      "ok"
    rescue Slipstream::KvError => error
      error.code
    end
    assert_equal expect, ends.tally.transform_keys(&:to_sym)
  end

  # Counts a key up with get and update from several tasks at once (W2).
  def do_increment(key:, tasks:, times:)
    store = @stores["main"]
    at_once(tasks) do
      times.times do
        entry = store.get(key)
        store.update(key, (Integer(entry.value) + 1).to_s, entry.version)
      rescue Slipstream::RevisionMismatch
        retry
      end
    end
  end

  # Runs steps while tasks keep writing the same keys.
  def do_while_overwriting(prefix:, count:, writers:, steps:, store: "main")
    stop = false
    tasks = Array.new(writers) do |first|
      started { overwrite(prefix, (first...count).step(writers), store) until stop }
    end
    run_steps(steps)
  ensure
    stop = true
    tasks&.each(&:value)
  end

  private

  def many_key(prefix, index) = format("%s%06d", prefix, index)

  def overwrite(prefix, indexes, store)
    indexes.each { |index| many_key(prefix, index).then { |key| @stores[store].put(key, key) } }
  end

  def of_many(count)
    at_once([count, IN_FLIGHT].min) do |first|
      (first...count).step(IN_FLIGHT) { |index| yield index }
    end
  end

  def at_once(tasks)
    Array.new(tasks) { |task| started { yield task } }.map(&:value)
  end
end
