# frozen_string_literal: true

# Tests of errors, and of what is closed.

require_relative "kit"

class ErrorTest < Minitest::Test
  include Kit

  def test_an_error_says_what_was_asked
    @store.put("a", "1")
    error = assert_raises(Slipstream::AlreadyExists) { @store.create("a", "2") }
    told = [error.code, error.key, error.store, error.operation]
    assert_equal %w[AlreadyExists a nodes create], told
    refute_predicate error, :retryable?
    refute_predicate error, :outcome_unknown?
    assert_kind_of Slipstream::KvError, error
  end

  def test_its_backtrace_leads_to_the_caller
    error = assert_raises(Slipstream::InvalidArgument) { @store.get("not a key") }
    assert(error.backtrace.any? { |line| line.start_with?(__FILE__) })
    assert_nil error.cause
  end

  def test_after_close_everything_answers_not_connected
    watch = @store.watch("")
    @connection.close
    @connection.close
    refute_predicate @connection, :healthy?
    assert_raises(Slipstream::NotConnected) { @store.get("a") }
    assert_raises(Slipstream::NotConnected) { watch.next }
  end

  def test_the_block_of_connect_closes_what_it_was_given
    kept = nil
    assert_raises(KeyError) do
      Slipstream.connect("memory:") do |connection|
        kept = connection
        raise KeyError
      end
    end
    refute_predicate kept, :healthy?
    assert_equal 7, Slipstream.connect("memory:") { 7 }
  end
end
