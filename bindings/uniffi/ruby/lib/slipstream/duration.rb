# frozen_string_literal: true

# Durations, checked and converted to those of the library.

module Slipstream
  # Durations in seconds, as they are given to the library.
  module Duration
    # The generated code writes seconds into 64 bits. What does not fit would come out as another
    # time; how long a time may be is for the library to say.
    SECONDS = 2**64
    SHORTEST = Rational(1, 1_000_000_000)
    private_constant :SECONDS, :SHORTEST

    # A number of seconds, of the option `name`, or nil.
    def self.of(name, seconds)
      return if seconds.nil?
      # A text and a time of day have seconds in them too, but are no duration.
      refuse(name, seconds.inspect, "not a number of seconds") unless number?(seconds)

      exact = seconds.to_r
      refuse(name, "#{seconds} s", "not a time above 0") unless exact.positive?
      refuse(name, "#{seconds} s", "too long a time") if exact >= SECONDS
      # What the generated code takes for a duration is a time since the epoch.
      Time.at([exact, SHORTEST].max)
    end

    def self.number?(value)
      value.is_a?(Numeric) && value.real? && (!value.is_a?(Float) || value.finite?)
    end

    def self.refuse(name, given, rule)
      raise InvalidArgument, "#{name} #{given} is #{rule}"
    end
    private_class_method :number?, :refuse
  end
  private_constant :Duration
end
