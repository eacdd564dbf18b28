# frozen_string_literal: true

# The record of a key with its value and version.

module Slipstream
  # One key with its value and the version of its last write.
  #
  # Frozen and comparable. `version` goes to `update` and `delete_with_version`; its bytes are the
  # same in every language (rule V3). The value is empty in a tombstone, which only `entry` shows
  # (R3).
  #
  #   entry = store.get("node.a")
  #   entry.value # => "10.0.0.1"
  #
  # key::     the key (rules K1, K4)
  # value::   the value, as binary text
  # version:: the version of the last write, opaque bytes that grow with every write (V2, V3)
  # deleted:: true for a tombstone, which a deletion left and only `entry` shows (R3)
  # expires_at:: when the time to live ends, by the clock of the store; nil if it has none (R6)
  Entry = Struct.new(:key, :value, :version, :deleted, :expires_at) do
    def initialize(key, value, version, deleted = false, expires_at = nil) = super
  end
end
