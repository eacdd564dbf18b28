"""Runs the scenarios through the Python package, with both of its surfaces, on every backend."""

import asyncio

import pytest
import slipstream
from python_runner.backend import Backend, load_backends
from python_runner.blocking import Blocking
from python_runner.scenario import Scenario, load_scenarios
from python_runner.steps import Steps

SCENARIO_SECONDS = 120


def cases() -> list[object]:
    return [
        pytest.param(surface, backend, scenario, id=f"{backend.name} {surface} {scenario.title}")
        for backend in load_backends()
        for surface in ("async", "sync")
        for scenario in load_scenarios()
        if backend.can_tell(scenario)
    ]


@pytest.mark.parametrize(("surface", "backend", "scenario"), cases())
def test_scenario(surface: str, backend: Backend, scenario: Scenario, tmp_path: object) -> None:
    asyncio.run(tell(surface, backend, scenario, str(tmp_path)))


async def tell(surface: str, backend: Backend, scenario: Scenario, directory: str) -> None:
    api = slipstream if surface == "async" else Blocking(slipstream.sync)
    with backend.place(directory) as place:
        steps = Steps(api, backend.fresh_url(), directory, scenario, place)
        async with asyncio.timeout(SCENARIO_SECONDS):
            try:
                await steps.begin()
                await steps.run(scenario.steps)
            finally:
                await steps.end()
