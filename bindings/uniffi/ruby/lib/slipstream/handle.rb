# frozen_string_literal: true

# What all handles refuse: to be copied and to be dumped.

module Slipstream
  # What a handle refuses: to be copied, and to be written down by whatever keeps objects. Behind it
  # is something of this process, so neither would be a handle.
  module Handle
    # Refused: another connection is made by Slipstream.connect.
    def dup = refuse

    # Refused: another connection is made by Slipstream.connect.
    def clone(freeze: nil) = refuse

    # What Marshal calls.
    def marshal_dump = refuse # :nodoc:

    # What YAML calls.
    def encode_with(_coder) = refuse # :nodoc:

    private

    # What copies an object without `dup` and `clone`, as Ractors do, calls this once the copy has
    # all that the object has: with it, what frees the library's object when the copy is collected.
    def initialize_copy(_other)
      ObjectSpace.undefine_finalizer(self)
      refuse
    end

    def refuse
      raise TypeError, "a #{self.class} cannot be copied or dumped: it belongs to this process; " \
                       "connect in the one that is to use it"
    end
  end
  private_constant :Handle

  [SlipstreamUniffi::Session, SlipstreamUniffi::Store, SlipstreamUniffi::Watch].each do |generated|
    generated.include(Handle)
  end
end
