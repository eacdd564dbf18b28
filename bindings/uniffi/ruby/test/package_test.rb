# frozen_string_literal: true

require_relative "kit"

class PackageTest < Minitest::Test
  GEM = File.expand_path("../slipstream-kv.gemspec", __dir__)

  def test_the_library_is_of_the_same_version
    assert_equal Slipstream::VERSION, SlipstreamUniffi.version
  end

  def test_the_gem_carries_all_that_it_loads
    files = Dir.chdir(File.dirname(GEM)) { Gem::Specification.load(GEM).files }
    loaded = $LOADED_FEATURES.select { |file| file.start_with?(File.expand_path("../lib", __dir__)) }
    assert_empty loaded.map { |file| file.delete_prefix("#{File.dirname(GEM)}/") } - files
    assert(files.any? { |file| file.end_with?(FFI.map_library_name("slipstream_uniffi")) })
  end
end
