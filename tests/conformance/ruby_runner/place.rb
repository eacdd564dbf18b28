# frozen_string_literal: true

# The servers that scenarios of NATS run on.

require "json"

# The servers that scenarios of NATS run on: tests/kit/place.py, driven by lines of JSON.
class Place
  ROOT = File.expand_path("../../..", __dir__)
  PROGRAM = [".venv/bin/python", "tests/kit/programs/place.py"].map { |path| File.join(ROOT, path) }

  # The addresses of this place, by their names.
  attr_reader :urls

  class << self
    # A fresh server with a proxy before it, for one scenario at a time.
    def fresh = new(ask("fresh", {}).transform_keys(&:to_s))

    # Lets the last server go.
    def leave = @program&.close

    # Makes a call of `Place` and returns its answer.
    def ask(call, arguments)
      @program ||= IO.popen(PROGRAM, "r+")
      @program.puts(JSON.generate(call:, arguments:))
      said = @program.gets or raise "place.py ended before it answered #{call}"
      told = JSON.parse(said, symbolize_names: true)
      raise "#{call}: #{told[:error]}" if told.key?(:error)

      told[:answer]
    end
  end

  def initialize(urls)
    @urls = urls
  end

  def call(name, arguments = {}) = self.class.ask(name, arguments)
end
