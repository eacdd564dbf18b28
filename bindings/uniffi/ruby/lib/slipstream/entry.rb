# frozen_string_literal: true

module Slipstream
  # One key with its value and the version of its last write.
  #
  # Frozen and comparable. `version` goes to `update` and `delete_with_version`; its bytes are the
  # same in every language (rule V3). The value is empty in a tombstone, which only `entry` shows
  # (R2, R3).
  #
  #   entry = store.get("node.a")
  #   entry.value # => "10.0.0.1"
  #
  # key::     the key (rule K1)
  # value::   the value, as binary text
  # version:: the version of the last write, opaque bytes that grow with every write (V2, V3)
  Entry = Struct.new(:key, :value, :version)
end
