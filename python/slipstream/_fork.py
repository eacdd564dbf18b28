"""What a forked child inherits belongs to its parent."""

import os

from slipstream import _native

os.register_at_fork(
    before=_native.before_fork,
    after_in_parent=_native.after_fork_in_parent,
    after_in_child=_native.after_fork_in_child,
)
