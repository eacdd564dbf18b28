# frozen_string_literal: true

# How the gem is packed.

require_relative "lib/slipstream/version"

Gem::Specification.new do |gem|
  gem.name = "slipstream-kv"
  gem.version = Slipstream::VERSION
  gem.summary = "One watchable key-value API: read, write, compare-and-swap, watch, resume"
  gem.authors = ["The slipstream authors"]
  gem.license = "MIT"
  gem.required_ruby_version = ">= 3.1"
  # A gem carries the library of one platform, as it was built.
  gem.platform = Gem::Platform::CURRENT
  gem.files = Dir["lib/**/*.{rb,so,dylib}", "README.md"]
  gem.add_dependency "ffi", "~> 1.15"
end
