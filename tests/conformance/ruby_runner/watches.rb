# frozen_string_literal: true

# The steps that open, read and end watches.

require_relative "watching"

# Steps about watches.
module Watches
  # Opens a watch. If that fails it is the watch's end, for `ends` to find.
  def do_watch(store: "main", as: "watch", prefixes: nil, many: nil, listed: false, keys: nil,
               many_keys: nil, cursor: nil)
    asked = Asked.new(each_of(prefixes, many), each_of(keys, many_keys))
    token = cursor && @names.token(cursor)
    begin
      watch = asked.watch(@stores[store], token, listed)
    rescue Slipstream::KvError => error
      failed = error
    end
    @watches[as] = Watching.new(watch, failed, asked)
    @opened << @watches[as]
  end

  def each_of(texts, many)
    many ? many_keys(**many) : texts&.map { |text| @names.text(text) }
  end

  def do_updates(expect:, watch: "watch", any_order: false, version: nil,
                 within: Watching::PATIENCE, as: nil)
    expected = expect.map { |kind, *parts| [kind, *parts.map { |part| @names.octets(part) }] }
    watching = watching(watch)
    until expected.empty?
      update = watching.update(within)
      open = any_order ? expected : expected.first(1)
      found = open.index { |parts| watching.fits?(update, parts) }
      assert found, "got #{update.inspect}"
      expected.delete_at(found)
    end
    assert_equal @names.token(version), watching.last if version
    save_cursor(watching, as)
  end

  # Reads the puts of put_many, each once, in whatever order they were written.
  def do_updates_many(prefix:, count:, watch: "watch", as: nil)
    missing = many_keys(prefix:, count:).to_set
    watching(watch).updates(count).each do |update|
      assert_instance_of Slipstream::Put, update
      assert missing.delete?(update.key), update.inspect
    end
    save_cursor(watching(watch), as)
  end

  # Reads until the fold of all updates is the expected state.
  def do_fold(expect:, watch: "watch")
    expected = expect.to_h { |key, value| [key.to_s, @names.octets(value)] }
    watching(watch).update until watching(watch).state == expected
  end

  # Reads until the key is told, and compares the fold with what the store reads.
  def do_settle(key:, watch: "watch", partial: false)
    watching = watching(watch)
    nil until watching.update.key == key
    stored = @stores["main"].scan.to_h { |entry| [entry.key, entry.value] }
    stored.select! { |told, _| watching.asked.key?(told) }
    stored.select! { |told, _| watching.state.key?(told) } if partial
    assert watching.state == stored, "the fold differs from what is stored"
  end

  def do_synced(watch: "watch") = watching(watch).synced

  def do_quiet(watch: "watch") = watching(watch).quiet

  def do_cursor(as:, watch: "watch") = save_cursor(watching(watch), as)

  def do_close_watch(watch: "watch") = watching(watch).close

  def do_ends(watch: "watch", error: nil, after_updates: false, within: Watching::PATIENCE)
    ended = watching(watch).end(after_updates, within)
    return assert_nil(ended) unless error

    assert ended, "ended normally instead of #{error}"
    check_error(ended, error)
  end

  # Opens watches and forgets them (S9): none is left within a second.
  def do_abandon_watches(count:, read:, prefixes: [""])
    named = prefixes.map { |prefix| @names.text(prefix) }
    before = live_watches
    # In a thread of its own, whose stack holds none of them when it is gone.
    started do
      kept = Array.new(count) { @stores["main"].watch(*named) }
      kept.each(&:next) if read
      assert_equal before + count, live_watches
    end.value
    within(1) { sleep 0.01 until live_watches == before }
  end

  private

  def watching(name) = @watches.fetch(@names.text(name))

  def save_cursor(watching, name)
    cursor = watching.cursor
    @names.save(name, cursor) if name
  end

  def live_watches
    GC.start
    SlipstreamUniffi.live.watches
  end
end
