# frozen_string_literal: true

# What the library tells the generators of Kotlin, Ruby and Swift, as the generated Ruby has it.
# Prints one line of JSON: each name with the names of its parameters, the fields of options among
# them. A blocking twin is not listed beside the method that it is a twin of.

require "json"

$LOAD_PATH.unshift(File.expand_path("../../../bindings/uniffi/ruby/lib", __dir__))
require "slipstream"

OPTIONS = { "connect" => "ConnectOptions", "store" => "StoreOptions" }.freeze
OF_EVERY_OBJECT = Object.instance_methods
OF_UNIFFI = /\A(uniffi_|rust_call|consume_|Uniffi|UNIFFI|Rust|InternalError)/

def names(callable)
  callable.parameters.flat_map do |_, name|
    name == :options ? fields(OPTIONS.fetch(callable.name.to_s.delete_suffix("_blocking"))) : [name]
  end
end

def fields(record)
  SlipstreamUniffi.const_get(record).instance_method(:initialize).parameters.map(&:last)
end

def members(owner)
  (owner.public_instance_methods(false) - OF_EVERY_OBJECT).grep_v(OF_UNIFFI)
end

listed = {}
SlipstreamUniffi.singleton_methods.grep_v(OF_UNIFFI).each do |name|
  listed[name.to_s] = names(SlipstreamUniffi.method(name))
end
SlipstreamUniffi.constants.grep_v(OF_UNIFFI).each do |name|
  exported = SlipstreamUniffi.const_get(name)
  case exported
  when Class
    listed[name.to_s] = []
    next if OPTIONS.value?(name.to_s)

    members(exported).each do |member|
      listed["#{name}.#{member}"] = names(exported.instance_method(member))
    end
  when Module
    # The kinds of errors.
    exported.constants.each { |kind| listed[kind.to_s] = [] }
  end
end
twins = listed.select { |name, parameters| listed["#{name}_blocking"] == parameters }
twins.each_key { |name| listed.delete("#{name}_blocking") }
puts JSON.generate(listed)
