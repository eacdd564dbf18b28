# frozen_string_literal: true

# Tests of threads: calls let other threads run, and waiting can be interrupted.

require "socket"
require_relative "kit"

class ThreadTest < Minitest::Test
  include Kit

  # Uninterrupted, a reader waits for ever; the rest is for a busy machine.
  DEAF = 5

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
    taken = run_program(<<~RUBY) do |child|
      store = Slipstream.connect("memory:").store("nodes")
      begin
        puts "ready"
        $stdout.flush
        store.watch("").each { |update| p update }
      rescue Interrupt
        puts "interrupted"
      end
    RUBY
      sleep 0.1
      Process.kill("INT", child.pid)
      seconds { assert_equal "interrupted\n", child.gets }
    end
    assert_operator taken, :<, DEAF
  end

  def test_a_program_may_end_while_a_thread_waits
    ended = run_program(<<~RUBY) { |child| seconds { child.read } }
      watch = Slipstream.connect("memory:").store("nodes").watch("")
      Thread.new { watch.next }.then { |reader| sleep 0.01 until reader.stop? }
      puts "ready"
      $stdout.flush
    RUBY
    assert_operator ended, :<, PATIENCE
  end

  def test_a_call_that_nothing_answers_ends_by_its_deadline_and_others_run
    TCPServer.open("127.0.0.1", 0) do |silent|
      url = "nats://127.0.0.1:#{silent.addr[1]}"
      caller = waiting { Slipstream.connect(url, connect_timeout: 3) }
      @store.put("a", "1")
      assert_predicate caller, :alive?
      caller.raise(Interrupt)
      assert_raises(Interrupt) { caller.value }
    end
  end

  def test_many_threads_share_a_connection
    @store.put("counter", "0")
    threads = Array.new(8) { Thread.new { 50.times { count_up } } }
    threads.each(&:join)
    assert_equal "400", @store.get("counter").value
  end

  private

  # What a block answers that is given a program in a process of its own, once that is ready.
  def run_program(program)
    library = File.expand_path("../lib", __dir__)
    answer = IO.popen([RbConfig.ruby, "-I", library, "-rslipstream", "-e", program]) do |child|
      Timeout.timeout(PATIENCE) do
        assert_equal "ready\n", child.gets
        yield child
      end
    rescue Timeout::Error
      Process.kill("KILL", child.pid)
      raise
    end
    assert_predicate Process.last_status, :success?
    answer
  end

  def count_up
    entry = @store.get("counter")
    @store.update("counter", (Integer(entry.value) + 1).to_s, entry.version)
  rescue Slipstream::RevisionMismatch
    retry
  end
end
