# frozen_string_literal: true

# Arguments, checked and converted to those of the library.

module Slipstream
  # Arguments as they are given to the library.
  module Argument
    # The texts of anything with `each`, one by one: what something else tells is refused as it
    # comes, and not once there is an array of all of it.
    def self.texts(name, given)
      unless given.respond_to?(:each)
        raise TypeError, "#{name} must be anything with each, not #{given.class}"
      end

      texts = []
      given.each do |text|
        raise TypeError, "#{name} must be texts, not #{text.class}" unless text.respond_to?(:to_str)

        texts << text
      end
      texts
    end

    # Each prefix of these, which are texts or have `each`; nil without any.
    def self.prefixes(given)
      return if given.empty?

      given.flat_map do |prefix|
        prefix.respond_to?(:to_str) ? [prefix] : texts("prefixes", prefix)
      end
    end
  end
  private_constant :Argument
end
