"""Where a scenario of the conformance suite takes place on NATS."""

from pathlib import Path
from typing import Self

from kit.nats_cluster import NatsCluster
from kit.nats_server import NatsServer
from kit.ports import HOST, free_port
from kit.proxy import Proxy

# Whoever does not log in may do everything; who logs in as `reader` may not write under `locked.`,
# and `single` may not read there, nor ask for many keys in one request, nor tell a consumer that
# pushes to go on.
_SETTINGS = """
authorization {
    users: [
        { user: anyone, password: "" }
        {
            user: reader, password: "p@ss:word"
            permissions: { publish: { deny: ["$KV.*.locked.>"] } }
        }
        {
            user: single, password: pass
            permissions: {
                publish: {
                    deny: [
                        "$JS.API.DIRECT.GET.*"
                        "$JS.API.DIRECT.GET.*.$KV.*.locked.>"
                        "$JS.FC.>"
                    ]
                }
            }
        }
    ]
}
no_auth_user: anyone
websocket { listen: "%s:%d", no_tls: true }
"""


class Place:
    """A fresh server with a proxy before it. Its public methods are the calls of the ``server``
    step: what they take and answer is plain JSON.
    """

    def __init__(self, folder: Path) -> None:
        """``folder`` must be its own."""
        self._websocket = free_port()
        self._server = NatsServer(folder, _SETTINGS % (HOST, self._websocket))
        self._proxy: Proxy | None = None

    def __enter__(self) -> Self:
        self._server.__enter__()
        self._proxy = Proxy(self._server.port)
        return self

    def __exit__(self, *_: object) -> None:
        if self._proxy:
            self._proxy.close()
        self._server.stop()

    def urls(self) -> dict[str, str]:
        """``proxy``, ``server``, what stands after ``//`` in it, ``address``, and ``websocket``."""
        return {
            "proxy": self._front.url,
            "server": self._server.url,
            "address": self._server.address,
            "websocket": f"ws://{HOST}:{self._websocket}",
        }

    def start(self) -> None:
        """Starts the server, on the port and the store that it had."""
        self._server.start()

    def stop(self) -> None:
        """Lets the server end in its own order."""
        self._server.stop()

    def restart(self) -> None:
        """``stop`` and ``start``."""
        self._server.restart()

    def crash(self) -> None:
        """``kill -9`` and ``start``."""
        self._server.kill()
        self._server.start()

    def forward(self) -> None:
        """Lets the proxy forward again, what it held back as well."""
        self._front.forward()

    def cut(self) -> None:
        """Closes the connections through the proxy."""
        self._front.cut()

    def refuse(self) -> None:
        """Closes the connections through the proxy and refuses new ones."""
        self._front.refuse()

    def stall(self) -> None:
        """Holds back what goes through the proxy, both ways; connections stay open."""
        self._front.stall()

    def mute(self) -> None:
        """Holds back what the server says; what it is told arrives."""
        self._front.mute()

    def connections(self) -> int:
        """How many connections through the proxy are open."""
        return self._front.connections

    def create_store(self, store: str, **config: object) -> None:
        """Makes a store as another client makes one, with these fields of its stream."""
        self._server.jetstream.create_store(store, **config)

    def delete_store(self, store: str) -> None:
        """Deletes a store behind the back of its users."""
        self._server.jetstream.delete_store(store)

    def delete_stores(self) -> None:
        """Deletes every store."""
        for store in self._server.jetstream.stores():
            self._server.jetstream.delete_store(store)

    def publish(self, store: str, key: str, value: str) -> int:
        """Writes a value as another client does, under any key that a server takes."""
        return self._server.jetstream.publish(store, key, value)

    def stores(self) -> list[str]:
        """The names of the stores that there are."""
        return self._server.jetstream.stores()

    def settings(self, store: str, of: list[str]) -> dict[str, object]:
        """What the server says of these fields of a store's stream."""
        config = self._server.jetstream.store(store)["config"]
        return {name: config.get(name) for name in of}

    def count_consumers(self, store: str) -> int:
        """How many consumers a store has, of whomever."""
        return self._server.jetstream.count_consumers(store)

    def filters(self, store: str) -> list[str]:
        """The subjects that the consumers of a store are limited to, sorted."""
        return self._server.jetstream.filters(store)

    def count_filters(self, store: str) -> int:
        """How many subjects the consumers of a store are limited to."""
        return len(self.filters(store))

    def delete_consumers(self, store: str) -> None:
        """Deletes every consumer of a store."""
        self._server.jetstream.delete_consumers(store)

    @property
    def _front(self) -> Proxy:
        assert self._proxy, "this place is entered with `with`"
        return self._proxy


class ClusterPlace:
    """A fresh cluster of three servers. Its public methods are calls as those of a `Place`."""

    def __init__(self, folder: Path) -> None:
        """``folder`` must be its own."""
        self._cluster = NatsCluster(folder)

    def __enter__(self) -> Self:
        self._cluster.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._cluster.stop()

    def urls(self) -> dict[str, str]:
        """Of each server, by its name."""
        return {name: server.url for name, server in self._cluster.servers.items()}

    def kill(self, server: str) -> None:
        """``kill -9`` of one server."""
        self._cluster.servers[server].kill()

    def start(self, server: str) -> None:
        """Starts a server again, and waits until it takes connections."""
        self._cluster.servers[server].start()

    def wait_current(self, store: str) -> None:
        """Waits until every replica of a store has all of it."""
        self._cluster.wait_current(store)

    def consumers(self, store: str) -> dict[str, str]:
        """The consumers of a store, and the server that each is on."""
        jetstream = self._cluster.jetstream
        asked = f"CONSUMER.INFO.KV_{store}"
        return {
            name: jetstream.ask(f"{asked}.{name}")["cluster"]["leader"]
            for name in jetstream.consumers(store)
        }
