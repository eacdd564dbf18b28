# frozen_string_literal: true

# Tests that handles are neither copied nor dumped.

require_relative "kit"
require "yaml"

# X5: handles belong to their process, and are neither copied nor written down.
class HandleTest < Minitest::Test
  include Kit

  def test_x5_handles_are_neither_copied_nor_dumped
    @store.watch("") do |watch|
      each_way do |way, copy|
        handles(watch).each do |handle|
          error = assert_raises(TypeError, "#{way} of a #{handle.class}") { copy.call(handle) }
          assert_includes error.message, "a #{handle.class} cannot be copied or dumped"
        end
      end
    end
  end

  def test_x5_what_was_refused_is_still_of_use_after_the_next_collection
    program = <<~RUBY
      require "slipstream"
      connection = Slipstream.connect("memory:")
      store = connection.store("nodes")
      watch = store.watch("")
      [connection, store, watch].each do |handle|
        native = handle.instance_variable_get(:@native) || handle.instance_variable_get(:@session)
        200.times do
          [handle, native].each do |it|
            [-> { Marshal.load(Marshal.dump(it)) }, -> { it.dup }, -> { it.clone },
             -> { Kernel.instance_method(:clone).bind_call(it) },
             -> { Kernel.instance_method(:dup).bind_call(it) }].each do |copy|
              copy.call
            rescue TypeError
              nil
            end
          end
        end
      end
      5.times { GC.start }
      store.put("a", "1")
      print watch.next.key, store.get("a").value, connection.store("other").name
    RUBY
    lib = File.expand_path("../lib", __dir__)
    told = IO.popen([RbConfig.ruby, "-I", lib, "-e", program], err: %i[child out], &:read)
    assert_equal "a1other", told
  end

  def test_x5_a_ractor_is_given_no_copy
    program = <<~RUBY
      require "slipstream"
      store = Slipstream.connect("memory:").store("nodes")
      begin
        Ractor.new { receive }.send(store)
        print "sent"
      rescue TypeError => error
        print error.message
      end
    RUBY
    lib = File.expand_path("../lib", __dir__)
    told = IO.popen([RbConfig.ruby, "-W:no-experimental", "-I", lib, "-e", program], &:read)
    assert_includes told, "cannot be copied or dumped"
  end

  def test_x5_what_is_data_can_be_dumped_and_copied
    data.each do |value|
      [Marshal.load(Marshal.dump(value)), value.dup].each do |again|
        assert_equal value, again
        assert_equal value.to_a, again.to_a
      end
    end
    error = assert_raises(Slipstream::AlreadyExists) { @store.create("a", "2") }
    again = Marshal.load(Marshal.dump(error))
    assert_instance_of Slipstream::AlreadyExists, again
    %i[message code key store operation retryable? outcome_unknown?].each do |field|
      assert_equal [error.public_send(field)], [again.public_send(field)], field
    end
  end

  private

  def handles(watch)
    own = [@connection, @store, watch]
    own + [[@connection, :@session], [@store, :@native], [watch, :@native]].map do |handle, name|
      handle.instance_variable_get(name)
    end
  end

  def each_way
    yield "dump", ->(handle) { Marshal.dump(handle) }
    yield "dump in an array", ->(handle) { Marshal.dump([handle]) }
    yield "dup", ->(handle) { handle.dup }
    yield "clone", ->(handle) { handle.clone }
    yield "clone frozen", ->(handle) { handle.clone(freeze: true) }
    yield "YAML", ->(handle) { YAML.dump(handle) }
  end

  def data
    @store.watch("") do |watch|
      @store.put("a", "1")
      put = watch.next
      @store.delete("a")
      deleted = watch.next
      @store.purge("a")
      purged = watch.next
      @store.put("a", "1")
      return [@store.get("a"), put, deleted, purged, @connection.capabilities]
    end
  end
end
