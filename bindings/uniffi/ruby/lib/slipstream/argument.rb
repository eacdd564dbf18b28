# frozen_string_literal: true

# Arguments, checked and converted to those of the library.

module Slipstream
  # Arguments as they are given to the library.
  module Argument
    # The keys of anything with `each`, one by one: what something else tells is refused as it
    # comes, and not once there is an array of all of it.
    def self.keys(keys)
      unless keys.respond_to?(:each)
        raise TypeError, "keys must be anything with each, not #{keys.class}"
      end

      texts = []
      keys.each do |key|
        raise TypeError, "keys must be texts, not #{key.class}" unless key.respond_to?(:to_str)

        texts << key
      end
      texts
    end
  end
  private_constant :Argument
end
