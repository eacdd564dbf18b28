"""Every way to say who connects, in the URL and beside it."""

import base64
from pathlib import Path
from urllib.parse import quote

import pytest
from attempt import refused, works
from identity import Nkey, Operator
from kit.caller import Caller
from kit.nats_server import NatsServer
from kit.ports import HOST

PASSWORD = "p@ss:/%,w?#ž"
USER = "al@ice"
LOGIN = f'authorization {{ user: "{USER}", password: "{PASSWORD}" }}'
TOKEN = "t0ken/with:@"


def with_login(server: NatsServer, login: str) -> str:
    return f"nats://{login}@{server.address}"


def test_d14_a_user_and_password_in_the_url_are_percent_decoded(
    caller: Caller, tmp_path: Path
) -> None:
    with NatsServer(tmp_path, LOGIN) as server:
        works(caller, with_login(server, f"{quote(USER, safe='')}:{quote(PASSWORD, safe='')}"))


def test_a_user_and_password_beside_the_url(caller: Caller, tmp_path: Path) -> None:
    with NatsServer(tmp_path, LOGIN) as server:
        works(caller, server.url, user=USER, password=PASSWORD)


def test_l4_a_wrong_password_is_refused_with_the_host_and_the_cause(
    caller: Caller, tmp_path: Path
) -> None:
    with NatsServer(tmp_path, LOGIN) as server:
        for url, options in [
            (with_login(server, "alice:wrong-secret"), {}),
            (server.url, {"user": USER, "password": "wrong-secret"}),
            (server.url, {"token": "wrong-secret"}),
            (with_login(server, "wrong-secret"), {}),
            (server.url, {}),
        ]:
            error = refused(caller, url, **options)
            assert (error.name, error.retryable) == ("PermissionDenied", False)
            assert server.address in error.message and "authorization" in error.message
            assert "wrong-secret" not in error.message


def test_a_token_in_the_url_and_beside_it(caller: Caller, tmp_path: Path) -> None:
    with NatsServer(tmp_path, f'authorization {{ token: "{TOKEN}" }}') as server:
        works(caller, with_login(server, quote(TOKEN, safe="")))
        works(caller, server.url, token=TOKEN)


def test_an_nkey(caller: Caller, tmp_path: Path) -> None:
    known, stranger = Nkey("user"), Nkey("user")
    with NatsServer(
        tmp_path, f"authorization {{ users = [{{ nkey: {known.public} }}] }}"
    ) as server:
        works(caller, server.url, nkey=known.seed)
        error = refused(caller, server.url, nkey=stranger.seed)
        assert error.name == "PermissionDenied"
        assert server.address in error.message and stranger.seed not in error.message


def test_a_credentials_file_by_its_path_and_in_base64(caller: Caller, tmp_path: Path) -> None:
    operator, stranger = Operator(), Operator()
    path = tmp_path / "user.creds"
    path.write_text(operator.credentials())
    with NatsServer(tmp_path / "server", operator.config) as server:
        works(caller, server.url, creds_file=path)
        works(caller, server.url, creds=base64.b64encode(path.read_bytes()).decode())
        works(caller, server.url, creds=base64.encodebytes(path.read_bytes()).decode())
        works(caller, server.url, creds=base64.b64encode(path.read_bytes()).decode().rstrip("="))
        path.write_text(stranger.credentials())
        error = refused(caller, server.url, creds_file=path)
        assert error.name == "PermissionDenied" and server.address in error.message


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"creds": "not base64!"}, "creds is not"),
        ({"creds": base64.b64encode(b"SECRET").decode()}, "creds is not"),
        ({"creds_file": "/no/such.creds"}, "creds_file"),
        ({"nkey": "SECRET"}, "nkey"),
        ({"nkey": Nkey("account").seed}, "nkey"),
        ({"password": "SECRET"}, "password"),
        ({"token": "SECRET", "user": "u"}, "token and user"),
        ({"creds": "SECRET", "creds_file": "x"}, "creds and creds_file"),
        ({"tls_key": "x"}, "tls_cert"),
        ({"tls_ca": "/no/such.pem"}, "tls_ca"),
    ],
)
def test_options_that_make_no_sense_are_refused_before_anything_is_sent(
    caller: Caller, options: dict[str, str], says: str
) -> None:
    error = refused(caller, "nats://127.0.0.1:1", **options)
    assert error.name == "InvalidArgument" and says in error.message
    assert "SECRET" not in error.message


def test_a_login_in_the_url_and_another_beside_it_is_refused(caller: Caller) -> None:
    error = refused(caller, "nats://u:SECRET@127.0.0.1:1", token="OTHER")
    assert error.name == "InvalidArgument" and "url" in error.message and "token" in error.message
    assert "SECRET" not in error.message and "OTHER" not in error.message


@pytest.mark.parametrize("url", ["memory:", "memory:shared", "file:{folder}/state.db"])
def test_an_embedded_store_has_no_such_options(caller: Caller, url: str, tmp_path: Path) -> None:
    url = url.format(folder=tmp_path)
    for option, value in [("token", "SECRET"), ("tls_ca", "ca.pem"), ("stale_reads", True)]:
        error = refused(caller, url, **{option: value})
        assert error.name == "InvalidArgument"
        assert option in error.message and "SECRET" not in error.message
    assert list(tmp_path.iterdir()) == []


def test_l4_a_connection_shows_no_secret(caller: Caller, tmp_path: Path) -> None:
    with NatsServer(tmp_path, 'authorization { user: alice, password: "SECRET" }') as server:
        caller.call("connect", f"nats://alice:SECRET@{server.address},{HOST}:1")
        shown = caller.call("shown")
        assert shown[0] == f"nats://alice:***@{server.address},nats://{HOST}:1"
        caller.call("connect", server.url, user="alice", password="SECRET")
        shown += caller.call("shown")
        assert "SECRET" not in "".join(shown) + caller.errors
    with NatsServer(tmp_path, 'authorization { token: "SECRET" }') as server:
        caller.call("connect", f"nats://SECRET@{server.address}")
        assert caller.call("shown")[0] == f"nats://***@{server.address}"
