"""What a scenario has open, and the names it has given."""

from typing import Any

from kit.place import Place

from .names import Names
from .scenario import Scenario
from .watching import Watching

STORE = "conformance"


class World:
    """Everything that belongs to one run of one scenario."""

    def __init__(
        self, api: Any, url: str, directory: str, scenario: Scenario, place: Place | None
    ) -> None:
        self.api = api
        self.directory = directory
        self.place = place
        self.config = scenario.config
        # What a scenario does to its connection, it does in the proxy.
        self.url = self.resolve("{proxy}" if "server" in scenario.needs else url)
        self.names = Names(
            {name: url.encode() for name, url in (place.urls() if place else {}).items()}
        )
        self.connections: dict[str, Any] = {}
        self.all_connections: list[Any] = []
        self.stores: dict[str, Any] = {}
        self.watches: dict[str, Watching] = {}
        self.all_watches: list[Watching] = []

    def resolve(self, url: str) -> str:
        """A URL with this scenario's directory and addresses in place of their names."""
        names = {"dir": self.directory, **(self.place.urls() if self.place else {})}
        for name, value in names.items():
            url = url.replace("{" + name + "}", value)
        return url

    async def connect(self, url: str, **options: Any) -> Any:
        connection = await self.api.connect(url, **options)
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
