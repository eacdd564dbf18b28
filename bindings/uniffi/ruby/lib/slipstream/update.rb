# frozen_string_literal: true

# The records of what a watch tells: a put, a delete, a purge.

module Slipstream
  # What a watch tells: a Put, a Delete or a Purge.
  #
  #   case update
  #   in Slipstream::Put[key:, value:] then table[key] = value
  #   in Slipstream::Delete | Slipstream::Purge then table.delete(update.key)
  #   end
  module Update
    # Where a watch goes on does not take part in comparisons.
    def ==(other) = other.instance_of?(self.class) && other.told == told

    alias eql? ==

    def hash = told.hash

    protected

    def told = to_h.except(:cursor)
  end

  # A watched key has a new value.
  #
  # key::     the key that has the value
  # value::   the new value
  # version:: the version of the change
  # cursor::  the position after this update: what to resume from once it is handled (rule S4)
  Put = Struct.new(:key, :value, :version, :cursor) { include Update }

  # A watched key was deleted.
  #
  # key::     the key that is gone
  # version:: the version of the removal
  # cursor::  the position after this update: what to resume from once it is handled (rule S4)
  Delete = Struct.new(:key, :version, :cursor) { include Update }

  # A watched key was purged with its history, or its time to live ended (rules W4, W5).
  #
  # key::     the key that is gone
  # version:: the version of the removal
  # cursor::  the position after this update: what to resume from once it is handled (rule S4)
  # reason::  :purged or :expired; nil where the store does not say (W5)
  Purge = Struct.new(:key, :version, :cursor, :reason) { include Update }
end
