"""Three real nats-servers that are one cluster."""

import http.client
import json
from pathlib import Path
from typing import Any

from kit.jetstream import JetStream, JetStreamError
from kit.nats_server import NatsServer
from kit.ports import HOST, free_port
from kit.service import Service
from kit.wait import wait_for

_NAMES = ("n1", "n2", "n3")
_SECONDS = 60.0


class NatsCluster(Service):
    """Servers ``n1``, ``n2`` and ``n3``; a store of three replicas lives through the loss of one.

    ``with NatsCluster(folder) as cluster: connect(cluster.url)``, which lists all three.
    """

    def __init__(self, folder: Path, config: str = "") -> None:
        """``config`` is more text for the configuration file of each."""
        routes = {name: free_port() for name in _NAMES}
        self._monitors = {name: free_port() for name in _NAMES}
        self.servers = {
            name: NatsServer(folder / name, self._settings(name, routes) + config, name=name)
            for name in _NAMES
        }

    @property
    def url(self) -> str:
        return ",".join(server.url for server in self.servers.values())

    @property
    def jetstream(self) -> JetStream:
        """The cluster's JetStream, asked through a server that runs."""
        return self._running()[0].jetstream

    def start(self) -> None:
        """Starts what does not run, and waits until stores can be made and written."""
        for server in self.servers.values():
            server.launch()
        for server in self.servers.values():
            server.wait_ready()
        self.wait_whole()

    def stop(self) -> None:
        """Stops what runs."""
        for server in self.servers.values():
            server.stop()

    def wait_whole(self) -> None:
        """Waits until the servers that run agree on a leader that has all of them with it."""
        wait_for("the cluster has a leader", self._has_leader, _SECONDS)

    def leader(self, store: str) -> NatsServer:
        """The server that leads a store now, once there is one."""

        def name() -> str:
            leader: str = self._replication(store).get("leader", "")
            return leader

        return self.servers[wait_for(f"{store} has a leader", name, _SECONDS)]

    def wait_current(self, store: str) -> None:
        """Waits until every replica of a store has all that the leader has."""

        def current() -> bool:
            replication = self._replication(store)
            return bool(replication.get("leader")) and all(
                replica["current"] and not replica.get("offline")
                for replica in replication["replicas"]
            )

        wait_for(f"{store} is replicated", current, _SECONDS)

    def _replication(self, store: str) -> dict[str, Any]:
        """Who leads and who follows; nothing where nobody answers yet."""
        asked = JetStream(HOST, self._running()[0].port, seconds=1)
        try:
            replication: dict[str, Any] = asked.store(store)["cluster"]
        except (OSError, JetStreamError):
            return {}
        return replication

    def _running(self) -> list[NatsServer]:
        return [server for server in self.servers.values() if server.is_running]

    def _settings(self, name: str, routes: dict[str, int]) -> str:
        others = ", ".join(f'"nats://{HOST}:{port}"' for port in routes.values())
        return (
            f'http: "{HOST}:{self._monitors[name]}"\n'
            f'cluster {{ name: kit, listen: "{HOST}:{routes[name]}", routes: [{others}] }}\n'
        )

    def _has_leader(self) -> bool:
        seen = {server.name: self._meta(server) for server in self._running()}
        leaders = {meta.get("leader") for meta in seen.values()}
        leader = leaders.pop()
        if leaders or leader not in seen:
            return False
        # Only the leader knows who is with it.
        followers = [one for one in seen[leader].get("replicas", ()) if one["current"]]
        return len(followers) + 1 >= len(seen)

    def _meta(self, server: NatsServer) -> dict[str, Any]:
        """What a server says about the group that decides where streams are."""
        asked = http.client.HTTPConnection(HOST, self._monitors[server.name], timeout=5)
        try:
            asked.request("GET", "/jsz")
            said = json.loads(asked.getresponse().read())
        finally:
            asked.close()
        meta: dict[str, Any] = said.get("meta_cluster", {})
        return meta
