# frozen_string_literal: true

# An open connection.

module Slipstream
  # An open connection: a way to stores. Slipstream.connect opens one. Any number of threads may use
  # it.
  #
  #   connection = Slipstream.connect("memory:")
  #   store = connection.store("nodes")
  #   connection.close
  class Connection
    include Handle

    def initialize(session) # :nodoc:
      @session = session
    end

    # Opens the store of this name, creating it if it is missing (rule L2).
    #
    # What is left out is unlimited, and one for history and replicas. An existing store is opened
    # as it is.
    #
    # name::         1 to 64 of A-Z a-z 0-9 - _ (rule K3)
    # storage::      "persistent" or "memory"
    # max_history::  versions kept of each key, 1 to 64
    # max_age::      how long an entry lives unless written again, in seconds
    # max_bytes::    the size of all keys and values
    # num_replicas:: servers that keep a copy, 1 to 5
    # discard::      what a full store does: "new" refuses the write, "old" evicts the oldest
    # create::       whether a missing store is made; if not, it is StoreNotFound (R7)
    #
    # Raises InvalidArgument before anything is created, StoreNotFound, NotConnected, Timeout.
    #
    #   store = connection.store("nodes", max_bytes: 1_000_000)
    def store(name, storage: nil, max_history: nil, max_age: nil, max_bytes: nil,
              num_replicas: nil, discard: nil, create: true)
      options = SlipstreamUniffi::StoreOptions.new(
        storage: storage&.to_s, max_history:, max_age: Duration.of("max_age", max_age), max_bytes:,
        num_replicas:, discard: discard&.to_s, create:
      )
      Store.new(Native.call { @session.store_blocking(name, options) })
    end

    # The names of the stores that there are, sorted (rule R7).
    #
    # Raises NotConnected, Timeout.
    #
    #   connection.stores # => ["nodes"]
    def stores = Native.call { @session.stores_blocking }

    # Deletes the store of this name with all that is in it (rule R7).
    #
    # Its open watches raise WatchError, calls of its handles StoreNotFound, and its cursors
    # CursorExpired, also once a store of this name is made anew: open that one to use it.
    #
    # Raises StoreNotFound if there is none, InvalidArgument, NotConnected, PermissionDenied, Timeout.
    #
    #   connection.delete_store("nodes")
    def delete_store(name)
      Native.call { @session.delete_store_blocking(name) }
    end

    # Closes the connection: open watches end and every handle of it raises NotConnected (rule L5).
    # Twice is fine.
    #
    #   connection.close
    def close
      Native.call { @session.shutdown_blocking }
    end

    # Whether the connection works right now (rule L1).
    #
    #   connection.healthy? # => true
    def healthy? = @session.is_healthy

    # What stores on this connection can do, as ConnectionCapabilities.
    #
    #   connection.capabilities.ttl # => true
    def capabilities = Answer.capabilities(@session.capabilities)

    # Where this connection leads, without a password or token.
    def url = @session.url

    # Shows where the connection leads.
    def inspect = "#<#{self.class} #{url}>"
  end
end
