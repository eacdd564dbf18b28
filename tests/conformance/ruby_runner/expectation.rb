# frozen_string_literal: true

# Comparisons of what came with what a scenario expects.

# What a step does not say, where nil would say something.
UNSET = Object.new.freeze

# Whether what came is what a scenario expects.
module Expectation
  # Compares an error with `error:`.
  def check_error(error, spec)
    spec = spec.is_a?(String) ? { code: spec } : spec
    shown = "#{error.class}: #{error.message}"
    spec.each do |part, expected|
      case part
      when :code
        assert_equal expected, error.code, shown
        assert_equal "Slipstream::#{expected}", error.class.name, shown
      when :contains then expected.each { |text| assert_includes error.message, @names.text(text) }
      when :lacks then expected.each { |text| refute_includes error.message, @names.text(text) }
      when :key then assert_equal @names.text(expected), error.key, shown
      when :store then assert_equal expected, error.store, shown
      when :retryable then assert_equal expected, error.retryable?, shown
      when :outcome_unknown then assert_equal expected, error.outcome_unknown?, shown
      else flunk "unknown: #{part}"
      end
    end
  end

  # Compares an answer with `expect:`.
  def check_answer(kind, answer, expected)
    case kind
    when "get", "entry"
      value = expected.nil? ? nil : @names.octets(expected)
      assert value == answer&.value, "got #{answer.inspect} instead of #{expected.inspect}"
    when "scan"
      pairs = expected.map { |key, value| [key, @names.octets(value)] }
      assert_equal pairs, answer.map { |entry| [entry.key, entry.value] }
    else
      assert expected == answer, "got #{answer.inspect} instead of #{expected.inspect}"
    end
  end

  # Compares when an entry ends with `expires_in:`, in seconds from now.
  def check_end(entry, seconds)
    return assert_nil(entry.expires_at) unless seconds

    assert_includes seconds[0]..seconds[1], entry.expires_at - Time.now
  end

  # The version that an answer carries.
  def version_of(kind, answer)
    case kind
    when "get", "entry" then answer&.version
    when "put", "create", "update" then answer
    end
  end
end
