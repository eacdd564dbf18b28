# frozen_string_literal: true

# What a forked child inherits belongs to its parent: it answers NotConnected there, and the child
# connects anew.
SlipstreamUniffi.announce_forks
