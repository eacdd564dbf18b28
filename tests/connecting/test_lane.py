"""The second connection of a session, which carries its requests, with every login and TLS."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attempt import works
from certificates import Authority
from identity import Nkey, Operator
from kit.caller import Caller
from kit.nats_server import NatsServer
from kit.wait import wait_for

Case = Callable[[Path], tuple[str, dict[str, Any]]]


def nobody(folder: Path) -> tuple[str, dict[str, Any]]:
    return "", {}


def password(folder: Path) -> tuple[str, dict[str, Any]]:
    login = {"user": "alice", "password": "s3cret"}
    return 'authorization { user: "alice", password: "s3cret" }', login


def token(folder: Path) -> tuple[str, dict[str, Any]]:
    return 'authorization { token: "t0ken" }', {"token": "t0ken"}


def nkey(folder: Path) -> tuple[str, dict[str, Any]]:
    known = Nkey("user")
    return f"authorization {{ users = [{{ nkey: {known.public} }}] }}", {"nkey": known.seed}


def credentials(folder: Path) -> tuple[str, dict[str, Any]]:
    operator = Operator()
    (folder / "user.creds").write_text(operator.credentials())
    return operator.config, {"creds_file": folder / "user.creds"}


def tls(folder: Path, more: str = "") -> tuple[str, dict[str, Any]]:
    authority = Authority(folder / "tls")
    server = authority.certificate("server")
    config = f'tls {{ cert_file: "{server.cert}", key_file: "{server.key}", {more} }}'
    return config, {"tls_ca": authority.path}


def tls_first(folder: Path) -> tuple[str, dict[str, Any]]:
    config, options = tls(folder, "handshake_first: true")
    return config, {**options, "tls_first": True}


def client_certificate(folder: Path) -> tuple[str, dict[str, Any]]:
    authority = Authority(folder / "tls")
    server, client = authority.certificate("server"), authority.certificate("client")
    config = (
        f'tls {{ cert_file: "{server.cert}", key_file: "{server.key}", '
        f'ca_file: "{authority.path}", verify: true }}'
    )
    return config, {"tls_ca": authority.path, "tls_cert": client.cert, "tls_key": client.key}


CASES = [nobody, password, token, nkey, credentials, tls, tls_first, client_certificate]


@pytest.mark.parametrize("case", CASES, ids=lambda it: it.__name__)
def test_requests_have_a_connection_of_their_own(
    case: Case, caller: Caller, tmp_path: Path
) -> None:
    config, options = case(tmp_path)
    with NatsServer(tmp_path / "server", config, monitored=True) as server:
        works(caller, server.url, client_name="service", **options)
        wait_for("a second connection", lambda: len(server.logged_in) == 2)
        first, second = sorted(server.logged_in, key=lambda it: int(it["cid"]))
        assert first["name"] == second["name"] == "service"
        before = first["in_msgs"]
        for number in range(20):
            caller.call("put", f"node.{number}", b"10.0.0.1")
            assert caller.call("get", f"node.{number}")["value"] == b"10.0.0.1"
        first, second = sorted(server.logged_in, key=lambda it: int(it["cid"]))
        assert (first["in_msgs"], second["in_msgs"] >= 40) == (before, True)


def test_one_connection_does_where_there_may_be_no_second(caller: Caller, tmp_path: Path) -> None:
    with NatsServer(tmp_path, "max_connections: 1", monitored=True) as server:
        works(caller, server.url)
        wait_for("the second was refused", lambda: "maximum connections exceeded" in server.log)
        for number in range(20):
            caller.call("put", f"node.{number}", b"10.0.0.1")
        assert caller.call("get", "node.7")["value"] == b"10.0.0.1"
        assert len(server.logged_in) == 1
