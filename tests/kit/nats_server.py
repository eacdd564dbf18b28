"""A real nats-server under control: `with NatsServer(folder) as server: connect(server.url)`."""

import json
import shutil
import signal
import sys
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from kit.daemon import Daemon
from kit.jetstream import JetStream
from kit.ports import HOST, free_port
from kit.service import Service
from kit.wait import wait_for

_READY = "Server is ready"


def program() -> Path:
    """The nats-server that is pinned in requirements-dev.txt, beside this Python."""
    beside = Path(sys.executable).parent / "nats-server"
    found = beside if beside.exists() else shutil.which("nats-server")
    assert found, "there is no nats-server; `make build` installs it"
    return Path(found)


class NatsServer(Service):
    """One server with JetStream. It keeps its port and its store over `stop` and `start`.

    Everything it has is in ``folder``, which must be its own. It is started by ``with`` or by
    ``start()``, and gone when the process that started it is gone.
    """

    def __init__(
        self,
        folder: Path,
        config: str = "",
        *,
        name: str = "server",
        scheme: str = "nats",
        monitored: bool = False,
    ) -> None:
        """``config`` is more text for its configuration file; a setting of it replaces ours.

        One that is ``monitored`` says who is connected to it.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.name = name
        self.config = config
        self.port = free_port()
        self.url = f"{scheme}://{HOST}:{self.port}"
        self._monitor = free_port() if monitored else None
        self._daemon: Daemon | None = None

    @property
    def address(self) -> str:
        """``host:port``."""
        return f"{HOST}:{self.port}"

    @property
    def log(self) -> str:
        """All that it has said, in all its runs."""
        return self._log.read_text() if self._log.exists() else ""

    @property
    def jetstream(self) -> JetStream:
        """Its JetStream, to be asked as whoever it lets in without a login."""
        return JetStream(HOST, self.port)

    @property
    def logged_in(self) -> list[dict[str, Any]]:
        """Its connections that have subscribed to something, each with its name, its user and
        the numbers of messages that went each way."""
        assert self._monitor, f"{self.name} is not monitored"
        with urlopen(f"http://{HOST}:{self._monitor}/connz?auth=true", timeout=5) as answer:
            connections: list[dict[str, Any]] = json.load(answer)["connections"]
        return [it for it in connections if it["subscriptions"] > 0]

    @property
    def pid(self) -> int:
        assert self._daemon, f"{self.name} is not running"
        return self._daemon.pid

    @property
    def is_running(self) -> bool:
        return self._daemon is not None and self._daemon.is_running

    def start(self) -> None:
        """Starts it, where it does not run, and waits until it takes connections."""
        self.launch()
        self.wait_ready()

    def launch(self) -> None:
        """Starts it and does not wait."""
        if self.is_running:
            return
        self._config.write_text(self._settings())
        self._said_before = len(self.log)
        self._daemon = Daemon([program(), "--config", self._config], self._log)

    def wait_ready(self) -> None:
        """Waits until it takes connections."""
        wait_for(f"{self.name} is ready", self._is_ready)

    def stop(self) -> None:
        """Lets it end in its own order, where it runs."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """``kill -9``."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Stops and starts it on the same port and store."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """Freezes it: connections stay open and nothing answers."""
        assert self._daemon
        self._daemon.pause()

    def resume(self) -> None:
        """Takes `pause` back."""
        assert self._daemon
        self._daemon.resume()

    def reload(self, config: str) -> None:
        """Gives it other text for its configuration file while it runs."""
        assert self._daemon
        self.config = config
        self._config.write_text(self._settings())
        before = self.log.count("Reloaded server configuration")
        self._daemon.send(signal.SIGHUP)
        wait_for(
            f"{self.name} has reloaded",
            lambda: self.log.count("Reloaded server configuration") > before,
        )

    @property
    def _config(self) -> Path:
        return self.folder / "nats-server.conf"

    @property
    def _log(self) -> Path:
        return self.folder / "nats-server.log"

    def _settings(self) -> str:
        monitor = f'http: "{HOST}:{self._monitor}"\n' if self._monitor else ""
        return (
            f'server_name: "{self.name}"\n'
            f'listen: "{self.address}"\n'
            f'jetstream {{ store_dir: "{self.folder / "store"}" }}\n'
            f"{monitor}{self.config}\n"
        )

    def _is_ready(self) -> bool:
        said = self.log[self._said_before :]
        assert self.is_running, f"{self.name} ended:\n{said}"
        return _READY in said

    def _end(self, number: signal.Signals) -> None:
        if self._daemon:
            if self.is_running:
                # What is frozen ends only once it runs.
                self.resume()
            self._daemon.stop(number)
            self._daemon = None
