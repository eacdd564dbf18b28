"""What a forked child inherits belongs to its parent."""

import os

from slipstream import _native

os.register_at_fork(after_in_child=_native.forked)
