# frozen_string_literal: true

# The record of what the stores of a connection can do.

module Slipstream
  # What the stores of a connection can do. What is absent fails with a clear error.
  #
  # streaming_watch:: watches deliver changes as they happen
  # prefix_watch::    watches can be limited to prefixes
  # ttl::             entries can have a time to live
  # purge::           keys can be purged
  # cas::             writes can be made conditional on a version
  # transactions::    several keys can be written as one
  # global_ordering:: versions order the writes of a whole store, not only those of one key
  # max_value_size::  the largest value, in bytes; 0 is no limit
  ConnectionCapabilities = Struct.new(
    :streaming_watch, :prefix_watch, :ttl, :purge, :cas, :transactions, :global_ordering,
    :max_value_size
  )
end
