# frozen_string_literal: true

# The closing of what was opened for a block.

module Slipstream
  # What is closed after a block, if there is one.
  module Closing
    # Gives the block what is open and closes it in the end; without a block, returns it open.
    def self.after(open)
      return open unless block_given?

      begin
        yield open
      ensure
        open.close
      end
    end
  end
  private_constant :Closing
end
