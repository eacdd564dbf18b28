# frozen_string_literal: true

# Runs the scenarios through the Ruby package on every backend.

require "minitest/autorun"
require "timeout"
require "tmpdir"

$LOAD_PATH.unshift(File.expand_path("../../bindings/uniffi/ruby/lib", __dir__))
require "slipstream"

require_relative "ruby_runner/backend"
require_relative "ruby_runner/steps"

SCENARIO_SECONDS = 120

# One test for each scenario that a backend can tell.
class ConformanceTest < Minitest::Test
  load_backends.product(load_scenarios).each do |backend, scenario|
    next unless backend.can_tell?(scenario)

    define_method("test_#{backend.name} #{scenario.title}") do
      Timeout.timeout(SCENARIO_SECONDS) { tell(backend, scenario) }
    end
  end

  Minitest.after_run { Place.leave }

  private

  def tell(backend, scenario)
    Dir.mktmpdir("conformance-") do |directory|
      steps = Steps.new(backend.fresh_url, directory, scenario, backend.fresh_place)
      begin
        steps.begin_world
        steps.run_steps(scenario.steps)
        pass
      rescue StandardError, Minitest::Assertion
        puts "#{backend.name} #{scenario.title}: in #{steps.path.join("\n  ")}"
        raise
      ensure
        steps.end_world
      end
    end
  end
end
