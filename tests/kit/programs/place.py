"""Puts the places of the conformance suite at the disposal of runners in other languages.

A line of JSON names a call of `Place` and its arguments: ``{"call": "cut", "arguments": {}}``; so
does the answer: ``{"answer": null}`` or ``{"error": "…"}``. ``{"call": "fresh"}`` comes first, with
the kind of place as an argument if that is not one server: it leaves the place of before and
answers the urls of a new one. Ends when its input ends.
"""

import contextlib
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from kit.place import ClusterPlace, Place

KINDS: dict[str, type[Place | ClusterPlace]] = {"server": Place, "cluster": ClusterPlace}


def main() -> None:
    with contextlib.ExitStack() as held:
        place: Place | ClusterPlace | None = None
        for line in sys.stdin:
            told: dict[str, Any] = json.loads(line)
            arguments: dict[str, Any] = told.get("arguments", {})
            try:
                if told["call"] == "fresh":
                    held.close()
                    folder = held.enter_context(tempfile.TemporaryDirectory(prefix="nats-"))
                    place = KINDS[arguments.get("kind", "server")](Path(folder))
                    held.enter_context(place)
                    answer: Any = place.urls()
                else:
                    answer = getattr(place, told["call"])(**arguments)
                said = {"answer": answer}
            except Exception as error:
                said = {"error": f"{type(error).__name__}: {error}"}
            print(json.dumps(said), flush=True)


main()
