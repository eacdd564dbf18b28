# frozen_string_literal: true

# The version of the gem.

module Slipstream
  # The version of this gem, and of the library inside it.
  VERSION = "0.1.0"
end
