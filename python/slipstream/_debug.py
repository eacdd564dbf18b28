"""A look inside, for tests."""

from slipstream import _native


def live() -> dict[str, int]:
    """How many native objects exist in this process: connections, stores, watches, operations.

    >>> live()
    {'connections': 0, 'stores': 0, 'watches': 0, 'operations': 0}
    """
    return _native.live()
