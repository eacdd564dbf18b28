# frozen_string_literal: true

require "timeout"
require_relative "kit"

class ThreadTest < Minitest::Test
  include Kit

  # What the package promises, and what a busy machine adds.
  DEAF = 0.1 + 0.4

  def test_other_threads_run_while_one_waits
    watch = @store.watch("")
    reader = waiting { watch.next }
    @store.put("a", "1")
    assert_equal "a", reader.value.key
    watch.close
  end

  def test_a_waiting_reader_is_interrupted
    watch = @store.watch("")
    reader = waiting { watch.next }
    taken = seconds do
      reader.raise(Interrupt)
      assert_raises(Interrupt) { reader.value }
    end
    assert_operator taken, :<, DEAF
    assert_raises(Timeout::Error) { Timeout.timeout(0.05) { watch.next } }
    @store.put("a", "1")
    assert_equal "a", watch.next.key
    watch.close
  end

  def test_ctrl_c_reaches_a_program_that_watches
    program = <<~RUBY
      store = Slipstream.connect("memory:").store("nodes")
      puts "ready"
      $stdout.flush
      begin
        store.watch("").each { |update| p update }
      rescue Interrupt
        puts "interrupted"
      end
    RUBY
    library = File.expand_path("../lib", __dir__)
    IO.popen([RbConfig.ruby, "-I", library, "-rslipstream", "-e", program]) do |child|
      assert_equal "ready\n", child.gets
      sleep 0.1
      taken = seconds do
        Process.kill("INT", child.pid)
        assert_equal "interrupted\n", child.gets
      end
      assert_operator taken, :<, DEAF
    end
    assert_predicate Process.last_status, :success?
  end

  def test_many_threads_share_a_connection
    version = @store.put("counter", "0")
    assert version
    threads = Array.new(8) { Thread.new { 50.times { count_up } } }
    threads.each(&:join)
    assert_equal "400", @store.get("counter").value
  end

  private

  def count_up
    entry = @store.get("counter")
    @store.update("counter", (Integer(entry.value) + 1).to_s, entry.version)
  rescue Slipstream::RevisionMismatch
    retry
  end
end
