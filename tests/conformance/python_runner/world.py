"""What a scenario has open, and the names it has given."""

from typing import Any

from .names import Names
from .watching import Watching

STORE = "conformance"


class World:
    """Everything that belongs to one run of one scenario."""

    def __init__(self, api: Any, url: str, directory: str, config: dict[str, Any]) -> None:
        self.api = api
        self.url = url
        self.directory = directory
        self.config = config
        self.names = Names()
        self.connections: dict[str, Any] = {}
        self.all_connections: list[Any] = []
        self.stores: dict[str, Any] = {}
        self.watches: dict[str, Watching] = {}
        self.all_watches: list[Watching] = []

    async def connect(self, url: str) -> Any:
        connection = await self.api.connect(url)
        self.all_connections.append(connection)
        return connection

    async def begin(self) -> None:
        """Connects and opens the scenario's store, both as ``main``."""
        connection = await self.connect(self.url)
        self.connections["main"] = connection
        self.stores["main"] = await connection.store(STORE, **self.config)

    async def end(self) -> None:
        """Closes everything and forgets every handle."""
        for watching in self.all_watches:
            await watching.close()
        for connection in self.all_connections:
            await connection.close()
        for kept in (self.connections, self.stores, self.watches):
            kept.clear()
        self.all_watches.clear()
        self.all_connections.clear()

    def watching(self, name: str) -> Watching:
        return self.watches[self.names.text(name)]
