# frozen_string_literal: true

# The set-up and the helpers of the tests of this package.

require "minitest/autorun"
require "rbconfig"
require "timeout"
require "tmpdir"

$LOAD_PATH.unshift(File.expand_path("../lib", __dir__))
require "slipstream"

# What the tests of this package share.
module Kit
  PATIENCE = 10

  def setup
    @connection = Slipstream.connect("memory:")
    @store = @connection.store("nodes")
  end

  def teardown
    @connection.close
  end

  # Waits until a block holds.
  def eventually(what)
    limit = now + PATIENCE
    until yield
      flunk "not in time: #{what}" if now > limit
      sleep 0.01
    end
  end

  def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)

  # How long a block takes, in seconds.
  def seconds
    start = now
    yield
    now - start
  end

  # A thread that has begun to wait.
  def waiting
    thread = Thread.new do
      Thread.current.report_on_exception = false
      yield
    end
    eventually("the thread waits") { thread.stop? }
    thread
  end
end
