# frozen_string_literal: true

# What each step does; those of many operations, compared reads and watches have their own files.

require_relative "bulk"
require_relative "expectation"
require_relative "patience"
require_relative "reads"
require_relative "watches"
require_relative "world"

# One run of one scenario: what each step does.
class Steps
  include Minitest::Assertions
  include World
  include Expectation
  include Patience
  include Bulk
  include Reads
  include Watches

  POLL = 0.02
  OPERATIONS = {
    "put" => %i[key value],
    "create" => %i[key value],
    "update" => %i[key value version],
    "delete" => %i[key],
    "delete_with_version" => %i[key version],
    "purge" => %i[key],
    "get" => %i[key],
    "entry" => %i[key],
    "keys" => %i[prefix],
    "scan" => %i[prefix]
  }.freeze

  attr_accessor :assertions
  # The steps that are under way, the outermost first.
  attr_reader :path

  def initialize(url, directory, scenario, place)
    @assertions = 0
    @path = []
    settle_in(url, directory, scenario, place)
  end

  # Runs steps in order; where one fails, it stays on the path.
  def run_steps(steps)
    steps.each do |step|
      @path.push(step)
      run_step(step)
      @path.pop
    end
  end

  def do_each(of:, steps:)
    of.each do |item|
      @names.save("item", @names.octets(item))
      run_steps(steps)
    end
  end

  def do_eventually(within:, steps:)
    limit = now + within
    depth = @path.size
    begin
      run_steps(steps)
    rescue Minitest::Assertion, Late, Slipstream::KvError
      raise if now > limit

      @path.slice!(depth..)
      sleep POLL
      retry
    end
  end

  def do_rising(of:)
    tokens = of.map { |token| @names.token(token) }
    assert tokens.each_cons(2).all? { |one, next_one| one < next_one }, tokens.inspect
  end

  def do_connect(as: "main", url: nil, timeout: 5.0, error: nil)
    to = url ? resolve(url) : @url
    connection = expecting(error) { connect(to, timeout:) }
    @connections[as] = connection if connection
  end

  def do_open(connection: "main", as: "main", name: STORE, config: {}, error: nil)
    named = @names.text(name)
    store = expecting(error) { @connections[connection].store(named, **config) }
    return unless store

    assert_equal named, store.name
    @stores[as] = store
  end

  def do_stores(expect:, connection: "main")
    assert_equal expect, @connections[connection].stores
  end

  def do_delete_store(connection: "main", name: STORE, error: nil)
    expecting(error) { @connections[connection].delete_store(@names.text(name)) }
  end

  def do_close(connection: "main") = @connections[connection].close

  def do_reopen
    end_world
    begin_world
  end

  def do_recreate
    destroy
    begin_world
  end

  def do_healthy(expect:, connection: "main")
    assert_equal expect, @connections[connection].healthy?
  end

  def do_capabilities(expect:)
    told = @connections["main"].capabilities
    assert_equal expect, expect.keys.to_h { |name| [name, told.public_send(name)] }
  end

  # Makes a call of the place.
  def do_server(call:, with: {}, expect: UNSET)
    answer = @place.call(@names.text(call), with)
    assert expect == answer, "#{call}: #{answer.inspect}" unless expect.equal?(UNSET)
  end

  # Begins a call, runs steps while it waits, and then looks at how it ended.
  def do_during(step:, steps:)
    waiting = started { run_step(step) }
    # A thread that stopped has begun its call, or ended it.
    Thread.pass until waiting.stop?
    begin
      run_steps(steps)
    ensure
      waiting.value
    end
  end

  def do_pause(seconds:) = sleep(Float(seconds.is_a?(String) ? @names.text(seconds) : seconds))

  private

  def run_step(step)
    kind = step[:do]
    return operation(kind, step) if OPERATIONS.key?(kind)

    public_send("do_#{kind}", **step.except(:do))
  end

  def operation(kind, step)
    answer = expecting(step[:error]) { within(step[:within]) { call(step, @names) } }
    return if step[:error]

    check_answer(kind, answer, step[:expect]) if step.key?(:expect)
    assert_equal step[:count], answer.size if step.key?(:count)
    assert_equal step[:deleted], answer.deleted if step.key?(:deleted)
    check_end(answer, step[:expires_in]) if step.key?(:expires_in)
    version = version_of(kind, answer)
    assert_equal @names.token(step[:expect_version]), version if step.key?(:expect_version)
    @names.save(step[:as], version) if step.key?(:as)
  end

  # Makes one operation.
  def call(step, names)
    given = OPERATIONS.fetch(step[:do]).filter_map do |name|
      case name
      when :key, :prefix then step[name] && names.text(step[name])
      when :value then names.octets(step[name])
      when :version then names.token(step[name])
      end
    end
    ttl = step.key?(:ttl) ? { ttl: step[:ttl] } : {}
    @stores[step.fetch(:store, "main")].public_send(step[:do], *given, **ttl)
  end

  # The answer of a call, or nothing where the expected error came.
  def expecting(error)
    answer = yield
  rescue Slipstream::KvError => raised
    raise unless error

    check_error(raised, error)
    nil
  else
    assert_nil error, "got #{answer.inspect}"
    answer
  end

  def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
end
