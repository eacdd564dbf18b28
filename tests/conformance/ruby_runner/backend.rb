# frozen_string_literal: true

# The backends that scenarios run on.

require "json"
require_relative "place"
require_relative "scenario"

# How a scenario gets a fresh place, and what the backend has.
Backend = Struct.new(:name, :url, :has, keyword_init: true) do
  def can_tell?(scenario) = (scenario.needs - has).empty?

  # A URL that no other scenario uses, once the world has filled it in.
  def fresh_url
    @count = (@count || 0) + 1
    url.sub("{name}", "scenario-#{@count}")
  end

  # A server for one scenario, where the backend has one.
  def fresh_place = has.include?("server") ? Place.fresh : nil
end

# The backends named in SLIPSTREAM_BACKENDS, or all.
def load_backends
  told = JSON.parse(File.read(File.join(DIRECTORY, "backends.json")))
  known = told.to_h { |entry| [entry["name"], Backend.new(**entry)] }
  chosen = ENV.fetch("SLIPSTREAM_BACKENDS", known.keys.join(","))
  chosen.split(",").map { |name| known.fetch(name) }
end
