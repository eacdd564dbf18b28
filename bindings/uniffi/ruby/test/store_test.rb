# frozen_string_literal: true

# Tests of stores, as far as the Ruby layer adds to them.

require_relative "kit"

class StoreTest < Minitest::Test
  include Kit

  def test_values_are_bytes_of_any_kind_and_size
    ["text", "žluťoučký 🐎", "\x00\xff".b, "x" * 3_000_000].each do |value|
      @store.put("a", value)
      assert_equal value.b, @store.get("a").value
      assert_equal Encoding::BINARY, @store.get("a").value.encoding
    end
  end

  def test_a_version_of_one_write_is_good_for_the_next
    first = @store.put("a", "1")
    second = @store.update("a", "2", first)
    assert_operator first, :<, second
    assert_raises(Slipstream::RevisionMismatch) { @store.update("a", "3", first) }
    assert_equal "2", @store.get("a").value
  end

  def test_entries_are_frozen_comparable_and_match_patterns
    @store.put("a", "1")
    entry = @store.get("a")
    assert_predicate entry, :frozen?
    assert_equal entry, @store.scan.first
    assert_equal 1, [entry, @store.get("a")].uniq.size
    case entry
    in Slipstream::Entry[key:, value:] then assert_equal %w[a 1], [key, value]
    end
  end

  def test_get_many_takes_anything_with_each
    @store.put("a", "1")
    found = @store.get_many(%w[b a].each)
    assert_equal [nil, "1"], found.map { |entry| entry&.value }
  end

  # What is told key by key, and would never end.
  Endless = Struct.new(:key) do
    def each = loop { yield key }
    def size = 2**62
  end

  def test_x6_memory_is_not_taken_on_a_length_s_word
    @store.put("a", "1")
    boasting = Enumerator.new(2**62) { |keys| keys << "b" << "a" }
    assert_equal [nil, "1"], @store.get_many(boasting).map { |entry| entry&.value }
    [0..(10**15), 1.step, Endless.new(7), [nil], [:a]].each do |keys|
      error = assert_raises(TypeError) { Timeout.timeout(PATIENCE) { @store.get_many(keys) } }
      assert_includes error.message, "keys must be texts, not"
    end
    [nil, 7, "a"].each do |keys|
      error = assert_raises(TypeError) { @store.get_many(keys) }
      assert_equal "keys must be anything with each, not #{keys.class}", error.message
    end
  end

  def test_a_time_to_live_is_in_seconds
    @store.put("a", "1", ttl: 0.05)
    eventually("a is gone") { @store.get("a").nil? }
    @store.put("b", "1", ttl: Rational(1, 20))
    eventually("b is gone") { @store.get("b").nil? }
  end

  def test_what_is_no_time_is_refused
    [-1, 0, Float::NAN, Float::INFINITY, "soon"].each do |ttl|
      error = assert_raises(Slipstream::InvalidArgument) { @store.put("a", "1", ttl:) }
      assert_includes error.message, "ttl"
    end
    assert_nil @store.get("a")
  end

  def test_an_argument_of_another_type_is_refused
    assert_raises(TypeError) { @store.put("a", 1) }
    assert_raises(TypeError) { @store.get(nil) }
  end

  def test_text_that_is_no_utf8_and_numbers_that_are_too_large_are_refused
    assert_raises(Slipstream::InvalidArgument) { @store.get("\xff") }
    assert_raises(Slipstream::InvalidArgument) { @store.get("\xff".b) }
    assert_raises(Slipstream::InvalidArgument) { @connection.store("s", max_bytes: 2**70) }
    assert_raises(Slipstream::InvalidArgument) { @connection.store("s", max_history: -1) }
  end

  def test_a_store_takes_its_limits
    small = @connection.store("small", max_bytes: 10, storage: :memory, discard: :new)
    assert_raises(Slipstream::LimitExceeded) { small.put("a", "x" * 20) }
    assert_raises(Slipstream::InvalidArgument) { @connection.store("odd", storage: "paper") }
  end
end
