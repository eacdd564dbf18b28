# frozen_string_literal: true

module Slipstream
  # Times in seconds, as they are given to the library.
  module Duration
    # A number of seconds, of the option `name`, or nil.
    def self.of(name, seconds)
      return if seconds.nil?

      exact = seconds.to_r
      raise InvalidArgument, "#{name} #{seconds} s is not a time above 0" if exact.negative?

      # What the generated code takes for a span is a time since the epoch.
      Time.at(exact)
    rescue FloatDomainError, NoMethodError
      raise InvalidArgument, "#{name} #{seconds.inspect} is not a number of seconds"
    end
  end
  private_constant :Duration
end
