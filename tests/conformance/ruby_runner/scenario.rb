# frozen_string_literal: true

# The scenario files.

require "yaml"

# One rule of the contract, told in steps.
Scenario = Struct.new(:rule, :name, :steps, :needs, :config, :edge, keyword_init: true) do
  def title = "#{rule}: #{name}"
end

DIRECTORY = File.expand_path("..", __dir__)

# Every scenario of every file.
def load_scenarios
  Dir[File.join(DIRECTORY, "*.yaml")].sort.flat_map do |file|
    YAML.safe_load_file(file, symbolize_names: true).map do |told|
      Scenario.new(needs: [], config: {}, **told)
    end
  end
end
