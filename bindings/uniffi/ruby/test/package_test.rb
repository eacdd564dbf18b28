# frozen_string_literal: true

# Tests of the gem: its version, its files, and its installation.

require_relative "kit"

class PackageTest < Minitest::Test
  GEM = File.expand_path("../slipstream-kv.gemspec", __dir__)

  def test_the_library_is_of_the_same_version
    assert_equal Slipstream::VERSION, SlipstreamUniffi.version
  end

  def test_the_gem_is_built_installed_and_loaded
    Dir.mktmpdir do |folder|
      gem = File.join(folder, "slipstream.gem")
      build = %w[gem build --silent --output]
      assert system(*build, gem, GEM, chdir: File.dirname(GEM), err: File::NULL)
      install = %w[gem install --silent --local --ignore-dependencies --no-document --install-dir]
      assert system(*install, folder, gem)
      program = "require 'slipstream'; print Gem.loaded_specs.fetch('slipstream-kv').version"
      command = [{ "GEM_PATH" => [folder, *Gem.path].join(":") }, RbConfig.ruby, "-e", program]
      assert_equal Slipstream::VERSION, IO.popen(command, &:read)
    end
  end

  def test_the_gem_carries_all_that_it_loads
    files = Dir.chdir(File.dirname(GEM)) { Gem::Specification.load(GEM).files }
    folder = "#{File.dirname(GEM)}/"
    loaded = $LOADED_FEATURES.grep(/\A#{Regexp.escape(folder)}lib/)
    refute_empty loaded
    assert_empty loaded.map { |file| file.delete_prefix(folder) } - files
    assert(files.any? { |file| file.end_with?(FFI.map_library_name("slipstream_uniffi")) })
  end
end
