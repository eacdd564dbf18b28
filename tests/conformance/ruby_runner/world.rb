# frozen_string_literal: true

# The connections, stores, watches and names of one run of a scenario.

require "fileutils"
require_relative "names"

# What a scenario has open, and the names it has given.
module World
  STORE = "conformance"

  def settle_in(url, directory, scenario, place)
    @directory = directory
    @place = place
    # What a scenario does to its connection, it does in the proxy.
    @url = resolve(scenario.needs.include?("server") ? "{proxy}" : url)
    @config = scenario.config
    @names = Names.new
    place&.urls&.each { |name, address| @names.save(name, address) }
    @opened = []
    @connections = {}
    @stores = {}
    @watches = {}
  end

  # Connects and opens the scenario's store, both as `main`.
  def begin_world
    @connections["main"] = connect(@url)
    @stores["main"] = @connections["main"].store(STORE, **@config)
  end

  # Closes everything and forgets every handle.
  def end_world
    # Watches are opened after the connection they are of, so they are closed first.
    @opened.pop.close until @opened.empty?
    [@connections, @stores, @watches].each(&:clear)
  end

  # Destroys all that was stored; everything is closed before.
  def destroy
    end_world
    return @place.call("delete_stores") if @place

    FileUtils.rm_rf(@directory)
    Dir.mkdir(@directory)
  end

  # A URL with this scenario's directory and addresses in place of their names.
  def resolve(url)
    names = { "dir" => @directory, **(@place&.urls || {}) }
    url.gsub(/\{(\w+)\}/) { |found| names.fetch(Regexp.last_match(1), found) }
  end

  def connect(url, **options)
    Slipstream.connect(url, **options).tap { |connection| @opened << connection }
  end
end
