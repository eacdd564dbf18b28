# frozen_string_literal: true

# One watchable key-value API over an embedded store or a NATS cluster, the same in Ruby, Python,
# Node, Kotlin, Swift and Rust.
#
#   Slipstream.connect("file:./state.db") do |connection|
#     store = connection.store("nodes")
#     version = store.put("node.a", "10.0.0.1")
#     store.update("node.a", "10.0.0.2", version)
#     store.watch("node.") { |watch| watch.each { |update| puts update.key } }
#   end
#
# Calls block, and other threads run meanwhile. Any number of threads may use a connection.
module Slipstream
end

require_relative "slipstream/version"
require_relative "slipstream/errors"
require_relative "slipstream/native"
require_relative "slipstream/fork"
require_relative "slipstream/handle"
require_relative "slipstream/argument"
require_relative "slipstream/closing"
require_relative "slipstream/duration"
require_relative "slipstream/entry"
require_relative "slipstream/update"
require_relative "slipstream/capabilities"
require_relative "slipstream/info"
require_relative "slipstream/answer"
require_relative "slipstream/watch"
require_relative "slipstream/store"
require_relative "slipstream/connection"
require_relative "slipstream/connect"
