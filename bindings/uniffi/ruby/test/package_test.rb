# frozen_string_literal: true

require_relative "kit"

class PackageTest < Minitest::Test
  GEM = File.expand_path("../slipstream-kv.gemspec", __dir__)

  def test_the_library_is_of_the_same_version
    assert_equal Slipstream::VERSION, SlipstreamUniffi.version
  end

  def test_the_gem_is_built_installed_and_loaded
    Dir.mktmpdir do |folder|
      gem = File.join(folder, "slipstream.gem")
      assert system("gem", "build", "--silent", "--output", gem, GEM, chdir: File.dirname(GEM), err: File::NULL)
      assert system("gem", "install", "--silent", "--local", "--ignore-dependencies", "--no-document",
                    "--install-dir", folder, gem)
      program = "require 'slipstream'; print Gem.loaded_specs.fetch('slipstream-kv').version"
      environment = { "GEM_PATH" => [folder, *Gem.path].join(":") }
      assert_equal Slipstream::VERSION, IO.popen([environment, RbConfig.ruby, "-e", program], &:read)
    end
  end

  def test_the_gem_carries_all_that_it_loads
    files = Dir.chdir(File.dirname(GEM)) { Gem::Specification.load(GEM).files }
    loaded = $LOADED_FEATURES.select { |file| file.start_with?(File.expand_path("../lib", __dir__)) }
    assert_empty loaded.map { |file| file.delete_prefix("#{File.dirname(GEM)}/") } - files
    assert(files.any? { |file| file.end_with?(FFI.map_library_name("slipstream_uniffi")) })
  end
end
