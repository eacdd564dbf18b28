# frozen_string_literal: true

# What the Ruby package exports. Prints one line of JSON: each name with the names of its
# parameters.

require "json"

$LOAD_PATH.unshift(File.expand_path("../../../bindings/uniffi/ruby/lib", __dir__))
require "slipstream"

# What every object has, and a class may have in a way of its own.
OF_EVERY_OBJECT = Object.instance_methods

def names(callable)
  callable.parameters.filter_map { |kind, name| name unless kind == :block }
end

# What a class declares for its users. Kinds of errors have the members of their base.
def members(owner)
  if owner.is_a?(Class) && owner < Struct
    return owner.members
  end

  owner.public_instance_methods(false) - OF_EVERY_OBJECT
end

listed = Slipstream.singleton_methods.to_h { |name| [name, names(Slipstream.method(name))] }
Slipstream.constants.each do |name|
  exported = Slipstream.const_get(name)
  listed[name] = []
  next unless exported.is_a?(Module)

  members(exported).each do |member|
    listed["#{name}.#{member}"] = names(exported.instance_method(member))
  end
end
puts JSON.generate(listed)
