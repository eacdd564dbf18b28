# frozen_string_literal: true

# Tests of forked children: they are told that what they inherited is not theirs.

require_relative "kit"

class ForkTest < Minitest::Test
  include Kit

  def test_a_child_is_told_that_what_it_inherited_is_its_parents
    @store.put("a", "1")
    told = in_child do |answer|
      @store.get("a")
    rescue Slipstream::NotConnected => error
      answer.write(error.message)
    end
    assert_includes told, "call connect() again in the child"
    assert_equal "1", @store.get("a").value
  end

  def test_a_child_connects_anew_and_shares_the_file
    Dir.mktmpdir do |folder|
      url = "file:#{folder}/state.db"
      Slipstream.connect(url) do |connection|
        store = connection.store("nodes")
        in_child { Slipstream.connect(url) { |own| own.store("nodes").put("a", "child") } }
        assert_equal "child", store.get("a").value
      end
    end
  end

  def test_a_daemon_is_told_so_too
    told = in_child do |answer|
      store = Slipstream.connect("memory:").store("nodes")
      Process.daemon(true, true)
      store.get("a")
    rescue Slipstream::NotConnected => error
      answer.write(error.message)
    end
    assert_includes told, "call connect() again in the child"
  end

  private

  # What a block writes in a forked child.
  def in_child
    reader, writer = IO.pipe
    child = fork do
      reader.close
      yield writer
      exit!(0)
    end
    writer.close
    Timeout.timeout(PATIENCE) { reader.read }
  ensure
    reader.close
    Process.kill("KILL", child)
    Process.wait(child)
  end
end
