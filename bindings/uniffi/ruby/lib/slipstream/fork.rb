# frozen_string_literal: true

module Slipstream
  # What a forked child inherits belongs to its parent: it answers NotConnected there, and the child
  # connects anew.
  module Fork
    def _fork
      SlipstreamUniffi.before_fork
      super.tap do |child|
        child.zero? ? SlipstreamUniffi.after_fork_in_child : SlipstreamUniffi.after_fork_in_parent
      end
    end

    # Goes on as a child, without _fork.
    def daemon(...)
      SlipstreamUniffi.before_fork
      super.tap { SlipstreamUniffi.after_fork_in_child }
    end
  end
  private_constant :Fork

  Process.singleton_class.prepend(Fork)
end
