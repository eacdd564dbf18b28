# frozen_string_literal: true

# Waits that end.
module Patience
  # What never came in time.
  class Late < StandardError; end

  # What the block answers, in a thread of its own, within so many seconds where they are given.
  def within(seconds, &block)
    thread = started(&block)
    raise Late, "not within #{seconds} s" unless thread.join(seconds)

    thread.value
  end

  # A thread whose error is told to whoever waits for it.
  def started
    Thread.new do
      Thread.current.report_on_exception = false
      yield
    end
  end
end
