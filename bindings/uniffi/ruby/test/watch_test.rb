# frozen_string_literal: true

# Tests of watches, as far as the Ruby layer adds to them.

require_relative "kit"

class WatchTest < Minitest::Test
  include Kit

  def test_each_tells_the_state_and_then_every_change
    @store.put("a", "1")
    @store.watch("") do |watch|
      assert_equal [%w[a 1]], watch.first(1).map { |update| [update.key, update.value] }
      watch.synced
      assert_predicate watch, :synced?
      @store.delete("a")
      case watch.next
      in Slipstream::Delete[key:] then assert_equal "a", key
      end
      @store.purge("a")
      assert_instance_of Slipstream::Purge, watch.next
    end
  end

  def test_left_by_break_it_goes_on_where_it_stood
    5.times { |number| @store.put("k.#{number}", number.to_s) }
    watch = @store.watch("k.")
    seen = []
    2.times do
      watch.each do |update|
        seen << update.value
        break
      end
    end
    seen.concat(watch.lazy.map(&:value).first(2))
    assert_equal %w[0 1 2 3], seen
    again = @store.watch("k.", cursor: watch.cursor)
    assert_equal "4", again.next.value
    [watch, again].each(&:close)
  end

  def test_each_batch_tells_what_is_there_at_once
    3000.times { |number| @store.put("k.#{number}", "x") }
    sizes = []
    @store.watch("") do |watch|
      watch.each_batch do |updates|
        sizes << updates.size
        break if sizes.sum == 3000
      end
    end
    assert_equal 3000, sizes.sum
    assert_operator sizes.max, :>, 1
  end

  def test_without_a_block_there_are_enumerators
    @store.put("a", "1")
    watch = @store.watch("")
    assert_equal "a", watch.each.next.key
    @store.put("b", "1")
    assert_equal "b", watch.each_batch.next.first.key
    watch.close
  end

  def test_another_thread_may_close_it
    watch = @store.watch("")
    reader = waiting { watch.to_a }
    watch.close
    assert_equal [], reader.value
    assert_raises(StopIteration) { watch.next }
    watch.close
  end

  def test_the_cursor_stays_when_it_is_closed
    %w[a b c].each { |key| @store.put(key, "1") }
    watch = @store.watch("")
    first = watch.next
    watch.close
    assert_equal first.cursor, watch.cursor
    assert_equal "b", @store.watch("", cursor: watch.cursor).next.key
  end

  def test_a_second_reader_at_once_is_an_error
    watch = @store.watch("")
    reader = waiting { watch.next }
    error = assert_raises(Slipstream::OperationFailed) { watch.next }
    assert_includes error.message, "being read already"
    @store.put("a", "1")
    assert_equal "a", reader.value.key
    watch.close
  end

  def test_g2_a_refused_reader_closes_nothing
    watch = @store.watch("")
    reader = waiting { watch.next }
    [
      -> { watch.each { flunk } }, -> { watch.first(1) }, -> { watch.lazy.map(&:key).to_a },
      -> { watch.each_batch { flunk } }, -> { watch.each.next }
    ].each { |second| assert_raises(Slipstream::OperationFailed, &second) }
    @store.put("a", "1")
    assert_equal "a", reader.value.key
    @store.put("b", "1")
    assert_equal "b", watch.next.key
    watch.close
  end

  def test_g2_a_watch_that_has_failed_says_so_again
    watch = @store.watch("")
    @connection.close
    2.times { assert_raises(Slipstream::NotConnected) { watch.to_a } }
    assert_raises(Slipstream::NotConnected) { watch.next }
  end

  def test_s6_an_empty_array_ends_at_once
    @store.put("a", "1")
    assert_equal [], @store.watch([]).to_a
    assert_equal [], @store.watch(keys: []).to_a
  end

  def test_s6_prefixes_and_keys_come_in_anything_with_each
    %w[a.1 b.1 c.1 d].each { |key| @store.put(key, "1") }
    told = ->(watch, count) { watch.first(count).map(&:key).tap { watch.close } }
    assert_equal %w[a.1 b.1 c.1 d], told.(@store.watch, 4)
    assert_equal %w[a.1 c.1], told.(@store.watch(%w[a. c.]), 2)
    assert_equal %w[a.1 b.1 c.1], told.(@store.watch("b.", %w[a. c.].each), 3)
    assert_equal %w[b.1 d], told.(@store.watch(keys: %w[d b.1].to_set), 2)
    assert_equal %w[a.1 d], told.(@store.watch("a.", keys: ["d"]), 2)
  end

  def test_x7_what_is_no_prefixes_and_no_keys_is_refused
    {
      -> { @store.watch(1) } => "prefixes must be anything with each, not Integer",
      -> { @store.watch(["a", 1]) } => "prefixes must be texts, not Integer",
      -> { @store.watch(keys: "a") } => "keys must be anything with each, not String",
      -> { @store.watch(keys: [nil]) } => "keys must be texts, not NilClass"
    }.each { |call, message| assert_equal message, assert_raises(TypeError, &call).message }
  end

  def test_what_is_forgotten_is_freed
    before = live
    Thread.new { Array.new(100) { @store.watch("") }.each(&:synced) }.join
    eventually("no watch is left") { live == before }
  end

  private

  def live
    GC.start
    SlipstreamUniffi.live.watches
  end
end
