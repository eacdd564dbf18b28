"""What each step does, but for many operations at once, reads compared, and watches."""

import asyncio
import copy
import itertools
import os
import shutil
from typing import Any

import slipstream

from .bulk import Bulk
from .expectation import UNSET, check_answer, check_end, check_error, version_of
from .names import Names, Text
from .reads import Reads
from .scenario import Step
from .watches import Watches
from .world import STORE, World

POLL = 0.02
OPERATIONS = {
    "put": ("key", "value"),
    "create": ("key", "value"),
    "update": ("key", "value", "version"),
    "delete": ("key",),
    "delete_with_version": ("key", "version"),
    "purge": ("key",),
    "get": ("key",),
    "entry": ("key",),
    "keys": ("prefix",),
    "scan": ("prefix",),
}


class Steps(Bulk, Reads, Watches, World):
    """One run of one scenario."""

    async def run(self, steps: list[Step]) -> None:
        """Runs steps in order; an error says which step it was."""
        for index, step in enumerate(steps):
            try:
                await self.step(step)
            except Exception as error:
                error.add_note(f"in step {index + 1}: {step}")
                raise

    async def step(self, step: Step) -> None:
        step = copy.copy(step)
        kind = step.pop("do")
        if "as" in step:
            step["save"] = step.pop("as")
        if kind in OPERATIONS:
            await self.operation(kind, **step)
        else:
            await getattr(self, f"do_{kind}")(**step)

    async def operation(
        self,
        kind: str,
        *,
        save: str | None = None,
        expect: Any = UNSET,
        expect_version: Text | None = None,
        deleted: bool | None = None,
        expires_in: Any = UNSET,
        count: int | None = None,
        within: float | None = None,
        error: Any = None,
        **arguments: Any,
    ) -> None:
        async def call() -> Any:
            return await asyncio.wait_for(self.call(kind, self.names, **arguments), within)

        answer = await self.expecting(error, call)
        if error is not None:
            return
        if expect is not UNSET:
            check_answer(kind, answer, expect, self.names)
        if count is not None:
            assert len(answer) == count
        if deleted is not None:
            assert answer.deleted is deleted, f"got {answer!r}"
        if expires_in is not UNSET:
            check_end(answer, expires_in)
        version = version_of(kind, answer)
        if expect_version is not None:
            assert version == self.names.token(expect_version)
        if save is not None:
            assert version is not None, "there is no version to save"
            self.names.saved[save] = version

    def call(self, kind: str, names: Names, *, store: str = "main", **arguments: Any) -> Any:
        """Starts one operation, to be awaited."""
        given: list[Any] = []
        for name in OPERATIONS[kind]:
            if name in ("key", "prefix") and name in arguments:
                given.append(names.text(arguments.pop(name)))
            elif name == "value":
                given.append(names.octets(arguments.pop(name)))
            elif name == "version":
                given.append(names.token(arguments.pop(name)))
        return getattr(self.stores[store], kind)(*given, **arguments)

    async def expecting(self, error: Any, call: Any) -> Any:
        """The answer of a call, or nothing where the expected error came."""
        try:
            answer = await call()
        except slipstream.KvError as raised:
            if error is None:
                raise
            check_error(raised, error, self.names)
            return None
        assert error is None, f"got {answer!r} instead of {error}"
        return answer

    async def do_each(self, *, of: list[Text], steps: list[Step]) -> None:
        for item in of:
            self.names.saved["item"] = self.names.octets(item)
            try:
                await self.run(steps)
            except Exception as error:
                error.add_note(f"for {item!r}")
                raise

    async def do_eventually(self, *, within: float, steps: list[Step]) -> None:
        limit = asyncio.get_running_loop().time() + within
        while True:
            try:
                return await self.run(steps)
            except (AssertionError, TimeoutError, slipstream.KvError):
                if asyncio.get_running_loop().time() > limit:
                    raise
            await asyncio.sleep(POLL)

    async def do_rising(self, *, of: list[Text]) -> None:
        tokens = [self.names.token(token) for token in of]
        assert all(a < b for a, b in itertools.pairwise(tokens)), tokens

    async def do_connect(
        self,
        *,
        save: str = "main",
        url: str | None = None,
        timeout: float = 5.0,
        error: Any = None,
    ) -> None:
        to = self.url if url is None else self.resolve(url)
        connection = await self.expecting(error, lambda: self.connect(to, timeout=timeout))
        if connection is not None:
            self.connections[save] = connection

    async def do_open(
        self,
        *,
        connection: str = "main",
        save: str = "main",
        name: Text = STORE,
        config: dict[str, Any] | None = None,
        error: Any = None,
    ) -> None:
        opener, named = self.connections[connection], self.names.text(name)
        store = await self.expecting(error, lambda: opener.store(named, **(config or {})))
        if store is not None:
            assert store.name == named
            self.stores[save] = store

    async def do_stores(self, *, expect: list[str], connection: str = "main") -> None:
        assert await self.connections[connection].stores() == expect

    async def do_delete_store(
        self, *, name: Text = STORE, connection: str = "main", error: Any = None
    ) -> None:
        named = self.names.text(name)
        await self.expecting(error, lambda: self.connections[connection].delete_store(named))

    async def do_close(self, *, connection: str = "main") -> None:
        await self.connections[connection].close()

    async def do_reopen(self) -> None:
        await self.end()
        await self.begin()

    async def do_recreate(self) -> None:
        await self.end()
        if self.place:
            self.place.delete_stores()
        else:
            shutil.rmtree(self.directory)
            os.mkdir(self.directory)
        await self.begin()

    async def do_healthy(self, *, expect: bool, connection: str = "main") -> None:
        assert self.connections[connection].is_healthy() is expect

    async def do_capabilities(self, *, expect: dict[str, bool]) -> None:
        capabilities = self.connections["main"].capabilities()
        assert {name: getattr(capabilities, name) for name in expect} == expect

    async def do_server(self, *, call: str, expect: Any = UNSET, **arguments: Any) -> None:
        """Makes a call of the place."""
        given = arguments.pop("with", {})
        assert not arguments, f"unknown: {arguments}"
        method = getattr(self.place, self.names.text(call))
        answer = await asyncio.to_thread(method, **given)
        if expect is not UNSET:
            assert answer == expect, f"{call}: {answer}"

    async def do_during(self, *, step: Step, steps: list[Step]) -> None:
        """Begins a call, runs steps while it waits, and then looks at how it ended."""
        waiting = asyncio.ensure_future(self.step(step))
        # Once around the loop, so that the call has begun.
        await asyncio.sleep(0)
        try:
            await self.run(steps)
        finally:
            await waiting

    async def do_pause(self, *, seconds: Text) -> None:
        await asyncio.sleep(float(self.names.text(seconds)))
