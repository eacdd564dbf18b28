"""TLS and websockets: who is trusted, who is not, and what the error says then."""

from pathlib import Path
from typing import Any

import pytest
from attempt import refused, works
from certificates import Authority, Certificate
from kit.caller import Caller
from kit.nats_server import NatsServer
from kit.ports import HOST, free_port
from kit.worker import LANGUAGES

LOGIN = 'authorization { user: "alice", password: "s3cret" }'


def tls(certificate: Certificate, more: str = "") -> str:
    return f'tls {{ cert_file: "{certificate.cert}", key_file: "{certificate.key}", {more} }}'


def test_a_server_with_tls_is_trusted_by_its_authority_only(
    caller: Caller, authority: Authority, tmp_path: Path
) -> None:
    config = tls(authority.certificate("server"))
    stranger = Authority(tmp_path / "stranger", "stranger")
    with NatsServer(tmp_path / "server", config, scheme="tls") as server:
        works(caller, server.url, tls_ca=authority.path)
        works(caller, f"nats://{server.address}", tls_ca=authority.path)
        for options in ({"tls_ca": stranger.path}, {}):
            error = refused(caller, server.url, **options)
            assert error.name == "ConnectionFailed"
            assert server.address in error.message and "certificate" in error.message


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_authorities_of_the_system_are_trusted(
    language: str, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    config = tls(authority.certificate("server"))
    with NatsServer(tmp_path / "server", config) as server, Caller(language) as caller:
        works(caller, server.url)
        works(caller, f"tls://{server.address}")


def test_a_server_that_asks_for_tls_gets_it_though_the_url_did_not(
    caller: Caller, authority: Authority, tmp_path: Path
) -> None:
    with NatsServer(tmp_path / "server", tls(authority.certificate("server"))) as server:
        error = refused(caller, server.url)
        assert error.name == "ConnectionFailed" and "UnknownIssuer" in error.message


def test_a_certificate_of_another_host_is_refused(
    caller: Caller, authority: Authority, tmp_path: Path
) -> None:
    config = tls(authority.certificate("server", host="127.0.0.2"))
    with NatsServer(tmp_path / "server", config, scheme="tls") as server:
        error = refused(caller, server.url, tls_ca=authority.path)
        assert error.name == "ConnectionFailed" and "not valid for name" in error.message


def test_tls_is_never_left_out_where_it_was_asked_for(
    caller: Caller, authority: Authority, tmp_path: Path
) -> None:
    with NatsServer(tmp_path / "server", LOGIN) as server:
        login = {"user": "alice", "password": "s3cret"}
        attempts: list[tuple[str, dict[str, Any]]] = [
            (f"tls://{server.address}", {}),
            (server.url, {"tls_ca": authority.path}),
            (server.url, {"tls_first": True, "connect_timeout": 1}),
        ]
        for url, options in attempts:
            error = refused(caller, url, **login, **options)
            assert error.name == "ConnectionFailed" and server.address in error.message
        # What was sent in the clear would show as a client that the server let in.
        works(caller, server.url, **login)


def test_a_client_shows_its_certificate(
    caller: Caller, authority: Authority, tmp_path: Path
) -> None:
    config = tls(authority.certificate("server"), f'ca_file: "{authority.path}", verify: true')
    own = authority.certificate("client")
    with NatsServer(tmp_path / "server", config, scheme="tls") as server:
        works(caller, server.url, tls_ca=authority.path, tls_cert=own.cert, tls_key=own.key)
        error = refused(caller, server.url, tls_ca=authority.path)
        assert error.name == "ConnectionFailed" and server.address in error.message


def test_a_key_that_does_not_fit_its_certificate(
    caller: Caller, authority: Authority, tmp_path: Path
) -> None:
    one, other = authority.certificate("one"), authority.certificate("other")
    no_pem = tmp_path / "no.pem"
    no_pem.write_text("nothing")
    for cert, key, option in [
        (one.cert, other.key, "tls_key"),
        (one.cert, no_pem, "tls_key"),
        (no_pem, one.key, "tls_cert"),
    ]:
        error = refused(caller, "tls://127.0.0.1:1", tls_cert=cert, tls_key=key)
        assert error.name == "InvalidArgument" and option in error.message


def test_tls_that_comes_before_the_first_word(
    caller: Caller, authority: Authority, tmp_path: Path
) -> None:
    config = tls(authority.certificate("server"), "handshake_first: true")
    with NatsServer(tmp_path / "server", config, scheme="tls") as server:
        works(caller, server.url, tls_ca=authority.path, tls_first=True)


@pytest.mark.parametrize("scheme", ["ws", "wss"])
def test_websockets(caller: Caller, authority: Authority, tmp_path: Path, scheme: str) -> None:
    port = free_port()
    security = tls(authority.certificate("server")) if scheme == "wss" else "no_tls: true"
    config = f'{LOGIN}\nwebsocket {{ listen: "{HOST}:{port}", {security} }}'
    trust = {"tls_ca": authority.path} if scheme == "wss" else {}
    with NatsServer(tmp_path / "server", config):
        works(caller, f"{scheme}://alice:s3cret@{HOST}:{port}", **trust)
        error = refused(caller, f"{scheme}://alice:WRONG@{HOST}:{port}", **trust)
        assert error.name == "PermissionDenied" and f"{HOST}:{port}" in error.message
        assert "WRONG" not in error.message
        if scheme == "wss":
            error = refused(caller, f"wss://alice:s3cret@{HOST}:{port}")
            assert error.name == "ConnectionFailed" and "certificate" in error.message
