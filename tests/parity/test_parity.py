"""Every language offers what tests/api.toml lists, and nothing else."""

from collections.abc import Callable

import pytest
from api import Listing, differences, load
from exported import COMMANDS, NEEDS, listing
from kit.toolchain import missing

API, LANGUAGES = load()


def test_every_language_is_asked() -> None:
    assert set(COMMANDS) == set(LANGUAGES)


@pytest.mark.parametrize("name", LANGUAGES)
def test_a_language_exports_what_is_listed(name: str) -> None:
    if reason := missing(NEEDS.get(name, "")):
        pytest.skip(reason)
    found = differences(API, LANGUAGES[name], listing(name))
    assert not found, "\n".join([f"{name} differs from tests/api.toml:", *found])


def change(name: str, parameters: list[str] | None) -> Callable[[Listing], None]:
    """Gives an export other parameters, or takes it away."""

    def made(exported: Listing) -> None:
        if parameters is None:
            del exported[name]
        else:
            exported[name] = parameters

    return made


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (change("Store.purge", None), "Store.purge is missing"),
        (change("RevisionMismatch", None), "RevisionMismatch is missing"),
        (change("Update", None), "Update is said to be there alone, and is not"),
        (change("Store.set", ["key"]), "Store.set is not in api.toml"),
        (change("Store.put", ["key", "value", "signal"]), "Store.put lacks the option ttl"),
        (
            change("Store.put", ["value", "key", "ttl", "signal"]),
            "Store.put takes ['value', 'key', 'ttl', 'signal'], "
            "not ['key', 'value'] with ['ttl', 'signal']",
        ),
    ],
)
def test_a_difference_is_told(changed: Callable[[Listing], None], told: str) -> None:
    exported = listing("node")
    changed(exported)
    assert differences(API, LANGUAGES["node"], exported) == [told]
