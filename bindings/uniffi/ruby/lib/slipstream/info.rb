# frozen_string_literal: true

# The records of what a store says of itself.

module Slipstream
  # What a store is, at one moment (rule R7).
  #
  # keys::        how many live keys there are, as Store#keys would list
  # marks::       how many removed keys there are of which a mark is still kept
  # bytes::       the bytes that the store counts against its max_bytes
  # version::     the version of the last write
  # incarnation:: what tells this store from another one of the same name, where the backend knows it
  # limits::      its StoreLimits, which are those it was made with unless somebody changed them since
  StoreInfo = Struct.new(:keys, :marks, :bytes, :version, :incarnation, :limits)

  # The limits of a store as they are (rule R7). nil is unlimited.
  #
  # storage::      where the data is kept: "persistent" or "memory"
  # max_history::  versions kept of each key
  # max_age::      how long an entry lives unless it is written again, in seconds
  # max_bytes::    the size of all keys and values
  # num_replicas:: servers that keep a copy
  # discard::      what a full store does: "new" refuses the write, "old" evicts the oldest
  # ttl::          whether entries can have a time to live
  StoreLimits = Struct.new(
    :storage, :max_history, :max_age, :max_bytes, :num_replicas, :discard, :ttl
  )
end
