# frozen_string_literal: true

# The errors, a class for each kind.

module Slipstream
  # Base of every error of slipstream: the same kinds, names and codes in every language (contract
  # section E).
  #
  #   begin
  #     store.update("node.a", "10.0.0.2", version)
  #   rescue Slipstream::RevisionMismatch => error
  #     warn "#{error.key} was written by somebody else"
  #   end
  class KvError < StandardError
    # The key that was asked for, where there is one.
    attr_reader :key
    # The store that was asked, where there is one.
    attr_reader :store
    # The operation, as it is named in Rust, where it is known.
    attr_reader :operation

    # Makes an error with a message and what was asked.
    def initialize(message = nil, key: nil, store: nil, operation: nil, retryable: false,
                   outcome_unknown: false)
      super(message)
      @key = key
      @store = store
      @operation = operation
      @retryable = retryable
      @outcome_unknown = outcome_unknown
    end

    # The kind's stable name in every language.
    def code = self.class.name.split("::").last

    # Whether the same call may succeed later with nothing else changed.
    def retryable? = @retryable

    # Whether this was a write that failed and may have happened nevertheless (rule W6).
    def outcome_unknown? = @outcome_unknown
  end

  # The connection was closed, or belongs to the parent of a forked process.
  class NotConnected < KvError; end

  # The server or file could not be reached or opened.
  class ConnectionFailed < KvError; end

  # The key has no value. Reads answer nil instead (rule R1).
  class KeyNotFound < KvError; end

  # `create` found a live value (rule W1).
  class AlreadyExists < KvError; end

  # The key is no longer at the expected version, or is absent (rule W2).
  class RevisionMismatch < KvError; end

  # Stored or received bytes could not be understood.
  class DeserializationError < KvError; end

  # A value could not be turned into bytes.
  class SerializationError < KvError; end

  # A watch ended for a reason it could not recover from.
  class WatchError < KvError; end

  # The backend refused or failed the operation.
  class OperationFailed < KvError; end

  # The deadline passed (rule L3). The outcome of a write is then unknown (W6).
  class Timeout < KvError; end

  # Changes after the cursor can no longer be told: watch again without one (rule S5).
  class CursorExpired < KvError; end

  # A key, prefix, name, token, cursor or option broke a rule; nothing was sent.
  class InvalidArgument < KvError; end

  # The value is too large, or the store or disk is full (rule W7).
  class LimitExceeded < KvError; end

  # The server or file system denies this operation to this user.
  class PermissionDenied < KvError; end

  # There is no store of this name: it was never made, or was deleted (rule R7).
  class StoreNotFound < KvError; end
end
