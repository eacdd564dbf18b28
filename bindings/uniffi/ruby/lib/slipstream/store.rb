# frozen_string_literal: true

# One store: reads, writes, and the opening of watches.

module Slipstream
  # One store: reads, writes, compare-and-swap and watches. Connection#store opens one.
  #
  #   store = connection.store("nodes")
  #   version = store.put("node.a", "10.0.0.1")
  #   version = store.update("node.a", "10.0.0.2", version)
  #   store.get("node.a").value # => "10.0.0.2"
  class Store
    include Handle

    def initialize(native) # :nodoc:
      @native = native
    end

    # The store's name.
    def name = @native.name

    # The live entry of a key, or nil (rule R1). A missing key is never an error.
    #
    # Raises InvalidArgument, NotConnected, Timeout.
    #
    #   entry = store.get("node.a")
    def get(key)
      Answer.entry(Native.call { @native.get_blocking(key) })
    end

    # What get finds for each of these keys, in their order: an array of entries, with nil where
    # there is none (rule R1). Cheaper than as many calls: a store that can is asked for all of them
    # at once. Others may write between the reads of two keys.
    #
    # keys:: anything with each; a key may be there twice
    #
    # Raises InvalidArgument if a key breaks rule K4, and reads nothing then; NotConnected, Timeout.
    #
    #   first, second = store.get_many(["node.a", "node.b"])
    def get_many(keys)
      texts = Argument.texts("keys", keys)
      Native.call { @native.get_many_blocking(texts) }.map { |found| Answer.entry(found) }
    end

    # The raw last record of a key, which may be a tombstone with an empty value and its own version
    # (rule R3). nil if it was never written, was purged or has expired.
    #
    # Raises InvalidArgument, NotConnected, Timeout.
    #
    #   tombstone = store.entry("node.a")
    def entry(key)
      Answer.entry(Native.call { @native.entry_blocking(key) })
    end

    # How much the store holds, and its limits as they are, as StoreInfo (rule R7). In memory and in a
    # file it costs about what get does. On NATS it counts the keys, which costs as much as keys.
    #
    # Raises StoreNotFound, NotConnected, Timeout.
    #
    #   store.info.keys # => 1
    def info = Answer.info(Native.call { @native.info_blocking })

    # Every live key with this prefix, sorted by bytes (rule R4). The empty prefix is every key.
    #
    # Raises InvalidArgument, NotConnected, Timeout.
    #
    #   store.keys("node.") # => ["node.a"]
    def keys(prefix = "")
      Native.call { @native.keys_blocking(prefix) }
    end

    # Every live entry whose key has this prefix, sorted by key (rule R4). The empty prefix is
    # everything.
    #
    # Raises InvalidArgument, NotConnected, Timeout.
    #
    #   store.scan("node.").to_h { |entry| [entry.key, entry.value] } # => {"node.a"=>"10.0.0.1"}
    def scan(prefix = "")
      Native.call { @native.scan_blocking(prefix) }.map { |found| Answer.entry(found) }
    end

    # Writes unconditionally and returns the new version (rule W1). An empty value is a value: reads show it (R2).
    #
    # ttl:: after this time the key is gone (W5), in seconds
    #
    # Raises InvalidArgument, LimitExceeded, NotConnected, Timeout. After a Timeout the outcome is
    # unknown (W6).
    #
    #   version = store.put("node.a", "10.0.0.1", ttl: 30)
    def put(key, value, ttl: nil)
      within = Duration.of("ttl", ttl)
      Native.call { @native.put_blocking(key, value, within) }
    end

    # Writes only where there is no live value, and returns the new version (rule W1).
    #
    # ttl:: after this time the key is gone (W5), in seconds
    #
    # Raises AlreadyExists, InvalidArgument, LimitExceeded, NotConnected, Timeout.
    #
    #   lease = store.create("lock", "me", ttl: 10)
    def create(key, value, ttl: nil)
      within = Duration.of("ttl", ttl)
      Native.call { @native.create_blocking(key, value, within) }
    end

    # Writes only if version is the key's current one, and returns the new version (rule W2).
    #
    # version:: from get, entry, a write or a watch, of any process and language (V3)
    # ttl::     after this time the key is gone (W5), in seconds
    #
    # Raises RevisionMismatch, InvalidArgument also for a version of a wrong shape (V5),
    # LimitExceeded, NotConnected, Timeout.
    #
    #   version = store.update("node.a", "10.0.0.2", entry.version)
    def update(key, value, version, ttl: nil)
      within = Duration.of("ttl", ttl)
      Native.call { @native.update_blocking(key, value, version, within) }
    end

    # Deletes a key, leaving a tombstone; idempotent (rule W3). false where nothing was live, as far
    # as the backend knows.
    #
    # Raises InvalidArgument, NotConnected, Timeout.
    #
    #   store.delete("node.a") # => true
    def delete(key)
      Native.call { @native.delete_blocking(key) }
    end

    # Deletes a key only if version is its current one (rules W2, W3).
    #
    # Raises RevisionMismatch, InvalidArgument also for a version of a wrong shape (V5),
    # NotConnected, Timeout.
    #
    #   store.delete_with_version("node.a", entry.version) # => true
    def delete_with_version(key, version)
      Native.call { @native.delete_with_version_blocking(key, version) }
    end

    # Drops a key's value and history (rule W4). Purging an absent key is no error.
    #
    # Raises InvalidArgument, NotConnected, Timeout.
    #
    #   store.purge("node.a")
    def purge(key)
      Native.call { @native.purge_blocking(key) }
    end

    # Watches every key, or those that have one of these prefixes, or exactly these keys: their
    # state first and then every change (rule S1), or with a cursor only what came after it (S4).
    # Prefixes and keys together are one watch of all of them, which tells each update once (S6).
    # With a block, gives it the watch and closes that in the end.
    #
    # prefixes:: each a String, or an Array or anything else with each of them; without any
    #            prefixes and keys it is every key, and an empty Array is none, so that the watch
    #            ends at once
    # keys:: anything with each, whose keys are watched, alone or beside the prefixes
    # cursor:: a saved Watch#cursor or a version; nil and "" are no cursor
    #
    # Raises InvalidArgument and NotConnected here; the watch itself raises CursorExpired when
    # changes after the cursor can no longer be told (S5), and NotConnected once the connection is
    # closed.
    #
    #   store.watch("node.", cursor: saved) do |watch|
    #     watch.each do |update|
    #       handle(update)
    #       saved = update.cursor
    #     end
    #   end
    def watch(*prefixes, keys: nil, cursor: nil, &block)
      prefixes = Argument.prefixes(prefixes)
      keys &&= Argument.texts("keys", keys)
      native = Native.call { @native.watch(prefixes, keys, cursor || "") }
      Closing.after(Watch.new(native), &block)
    end

    # Shows the store's name.
    def inspect = "#<#{self.class} #{name}>"
  end
end
