# frozen_string_literal: true

# The library, loaded with the code that is generated for it.

require "ffi"

# The interface that uniffi generates from the library. What it declares here already is what it
# finds when it is loaded below.
module SlipstreamUniffi
  # The functions of the library.
  module UniFFILib
    extend FFI::Library

    # The library is in this gem.
    def self.ffi_lib(name)
      super(File.join(__dir__, "generated", FFI.map_library_name(name)))
    end

    # A call that may wait lets other threads run meanwhile.
    def self.attach_function(name, arguments, result)
      super(name, arguments, result, blocking: name.end_with?("_blocking"))
    end
  end
end

require_relative "generated/slipstream_uniffi"

module Slipstream
  # Calls of the library.
  module Native
    KINDS = SlipstreamUniffi::KvError.constants.to_h do |kind|
      [SlipstreamUniffi::KvError.const_get(kind), Slipstream.const_get(kind)]
    end.freeze

    # Makes a call, and raises the error of its kind where it fails. The generated code refuses text
    # that is no UTF-8 and numbers that are too large with errors of its own.
    def self.call
      yield
    rescue *KINDS.keys => error
      raise error_of(error), cause: nil
    rescue EncodingError, RangeError => error
      raise InvalidArgument, error.message, cause: nil
    end

    def self.error_of(error)
      failure = error.failure
      KINDS.fetch(error.class).new(
        failure.message,
        key: failure.key, store: failure.store, operation: failure.operation,
        retryable: failure.retryable, outcome_unknown: failure.outcome_unknown
      )
    end
    private_class_method :error_of
  end
  private_constant :Native
end
