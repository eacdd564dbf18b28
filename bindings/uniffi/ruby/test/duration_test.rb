# frozen_string_literal: true

# Tests of durations as arguments.

require_relative "kit"
require "bigdecimal"
require "json"

# G1: durations are bounded in every option, and none wraps.
class DurationTest < Minitest::Test
  include Kit

  LISTED = JSON.parse(File.read(File.expand_path("../../../../tests/kit/durations.json", __dir__)))
  NO_NUMBERS = ["1", "soon", Time.at(1), Time.now, true, [1], {}, :"1", 1.0i, Object.new].freeze

  def test_g1_what_is_a_duration_is_taken_as_it_is
    each_number("taken") do |value|
      @store.put("put", "x", ttl: value)
      @store.create("create", "x", ttl: value)
      @store.update("put", "x", @store.put("put", "x"), ttl: value)
      aged = @connection.store("aged#{value.hash}", max_age: value)
      aged.put("a", "x")
      if value >= 3600
        sleep 0.01
        assert_equal %w[create put], @store.keys, value.inspect
        assert_equal %w[a], aged.keys, value.inspect
      end
      @store.keys.each { |key| @store.purge(key) }
      Slipstream.connect("memory:", timeout: 60, connect_timeout: value) do |other|
        assert_predicate other, :healthy?
      end
      Slipstream.connect("memory:", timeout: value) { |other| assert_predicate other, :healthy? }
    end
  end

  def test_g1_what_is_none_or_too_long_is_refused_by_name
    version = @store.put("k", "v")
    each_number("refused") { |value| assert_refused(value, version) }
    NO_NUMBERS.each { |value| assert_refused(value, version) }
    assert_equal [%w[k v]], @store.scan.map { |entry| [entry.key, entry.value] }
    assert_equal version, @store.get("k").version
  end

  private

  # Each number of the list in every type that can say it.
  def each_number(name)
    LISTED.fetch(name).each do |text|
      ways = [text.match?(/\A-?(inf|nan)\z/) ? special(text) : text.to_f]
      ways << Rational(text) << BigDecimal(text) if ways.first.finite?
      ways << Integer(text) if text.match?(/\A-?\d+\z/)
      ways.each { |value| yield value }
    end
  end

  def special(text)
    { "nan" => Float::NAN, "inf" => Float::INFINITY, "-inf" => -Float::INFINITY }.fetch(text)
  end

  def assert_refused(value, version)
    {
      "ttl" => [
        -> { @store.put("k", "x", ttl: value) },
        -> { @store.create("new", "x", ttl: value) },
        -> { @store.update("k", "x", version, ttl: value) }
      ],
      "max_age" => [-> { @connection.store("fresh", max_age: value) }],
      "timeout" => [-> { Slipstream.connect("memory:", timeout: value) }],
      "connect_timeout" => [-> { Slipstream.connect("memory:", connect_timeout: value) }]
    }.each do |option, calls|
      calls.each do |call|
        error = assert_raises(Slipstream::InvalidArgument, "#{option} #{value.inspect}", &call)
        assert_match(/\b#{option} /, error.message)
      end
    end
  end
end
