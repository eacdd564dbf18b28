# frozen_string_literal: true

# A watch, read update by update or in batches.

module Slipstream
  # A watch: an Enumerable of Put, Delete and Purge that waits for the next one. Store#watch opens
  # one.
  #
  # Left by `break` it may be iterated again and goes on where it stood, until it is closed. One
  # reader at a time: a second one raises OperationFailed. Another thread may close it, and then
  # iteration ends.
  #
  #   store.watch("node.") do |watch|
  #     watch.each { |update| puts update.key }
  #   end
  class Watch
    include Enumerable
    include Handle

    # How long a reader is deaf to Ctrl-C and Thread#raise at most.
    PORTION = Time.at(0, 50, :millisecond)
    # How many updates are fetched at once.
    AT_ONCE = 1024
    private_constant :PORTION, :AT_ONCE

    def initialize(native) # :nodoc:
      @native = native
      @updates = []
      @turn = Mutex.new
      @closed = false
      @torn = false
    end

    # Tells every update, and ends when the watch is closed. Without a block, an Enumerator.
    #
    #   watch.each { |update| puts update.key }
    def each
      return enum_for unless block_given?

      while (update = following)
        yield update
      end
      self
    end

    # The same updates as arrays: whatever is there at once, and at least one. Without a block, an
    # Enumerator.
    #
    #   watch.each_batch { |updates| handle_all(updates) }
    def each_batch
      return enum_for(:each_batch) unless block_given?

      while (updates = following_batch)
        yield updates
      end
      self
    end

    # The next update. Raises StopIteration once the watch has ended.
    #
    #   update = watch.next
    def next
      following or raise StopIteration, "the watch has ended"
    end

    # Waits until the first state is complete (rule S3), also for an empty store: every update of it
    # was handed out, or waits in memory to be handed out next. With a cursor: until the watch has
    # caught up with the store.
    #
    # Raises CursorExpired, NotConnected, WatchError if the watch is closed first.
    #
    #   watch.synced
    def synced
      nil until Native.call { @native.synced_blocking(PORTION) }
    end

    # Whether the first state is complete (rule S3).
    def synced? = @native.is_synced

    # The position after the last update handed out, as bytes to save (rule S4). Saved after an
    # update is handled and given to Store#watch, nothing is lost and nothing that was handled is
    # repeated.
    #
    #   saved = watch.cursor
    def cursor
      @closed || @torn || @updates.any? ? @cursor : @native.cursor
    end

    # Closes the watch at once, and frees what is behind it (rule S9). Iteration ends. Twice is
    # fine.
    #
    #   watch.close
    def close
      @cursor = cursor
      @closed = true
      @updates = []
      @native.cancel
    end

    # Shows where the watch stands.
    def inspect = "#<#{self.class} #{cursor.unpack1("H*")}>"

    private

    def following
      in_turn do
        update = fill && @updates.shift
        @cursor = update.cursor if update
        update
      end
    end

    def following_batch
      in_turn do
        next unless fill

        updates, @updates = @updates, []
        updates
      end
    end

    # Waits until there are updates; false once the watch has ended.
    def fill
      return false if @closed
      raise WatchError, "interrupted as it took updates: watch again from its cursor" if @torn
      return true if @updates.any?

      nil until Native.call { @native.fill_blocking(PORTION) }
      @cursor = @native.cursor
      # Ctrl-C may come between any two steps of Ruby, and what was taken is nowhere else.
      @torn = true
      @updates = @native.take(AT_ONCE).map { |told| Answer.update(told) }
      @torn = false
      @updates.any?
    end

    def in_turn(&read)
      if @turn.locked?
        raise OperationFailed.new(
          "this watch is being read already; open one for each reader", operation: "watch"
        )
      end

      @turn.synchronize(&read)
    end
  end
end
