"""Runs the Python examples of one page, from the first to the last, as a reader would.

They share their names and one event loop, and may await at the top, as in `python -m asyncio`.
Usage: python_page.py PAGE FILE SERVER, with the urls that take the place of those in the page.
"""

import ast
import asyncio
import builtins
import inspect
import sys
import types
from pathlib import Path

from fences import fences


def main(page: Path, file: str, server: str) -> None:
    names: dict[str, object] = {"__name__": "__example__", "__builtins__": builtins}
    with asyncio.Runner() as runner:
        for line, example in fences(page, "python", file, server):
            # Empty lines before it, so that a traceback names the page's own line.
            source = "\n" * (line - 1) + example
            code = compile(source, str(page), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
            if code.co_flags & inspect.CO_COROUTINE:
                runner.run(types.FunctionType(code, names)())
            else:
                exec(code, names)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
