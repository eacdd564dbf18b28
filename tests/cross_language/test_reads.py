"""What one process has written the next read of another one finds (contract rule R5)."""

import pytest
from kit.caller import Caller
from kit.worker import LANGUAGES, OTHER

# More reads between two writes than it takes for a store to keep what it read.
READS = 300
ROUNDS = 10


@pytest.mark.parametrize("language", LANGUAGES)
def test_r5_a_read_never_answers_what_another_process_has_overwritten(
    url: str, language: str
) -> None:
    with Caller(language) as reader, Caller(OTHER[language]) as writer:
        for caller in (reader, writer):
            caller.call("connect", url)
            caller.call("store", "nodes")
        for number in range(ROUNDS):
            version = writer.call("put", "node.a", b"%d" % number)
            for _ in range(READS):
                entry = reader.call("get", "node.a")
                assert (entry["value"], entry["version"]) == (b"%d" % number, version)
        assert writer.call("delete", "node.a") is True
        assert reader.call("get", "node.a") is None
        assert reader.call("entry", "node.a")["value"] == b""
