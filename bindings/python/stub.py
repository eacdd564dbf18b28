"""Writes python/slipstream/_native.pyi: `python bindings/python/stub.py`, or `--check` to compare.

The stub is what `signatures.pyi` states, with the docstrings of the classes as they are built. A
class that blocks is made of the one that is awaited, and `connect` of the parameters that
`slipstream._parameters` states.
"""

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

from slipstream import _native

HERE = Path(__file__).resolve().parent
PACKAGE = HERE.parent.parent / "python" / "slipstream"
SIGNATURES = HERE / "signatures.pyi"
PARAMETERS = PACKAGE / "_parameters.py"
STUB = PACKAGE / "_native.pyi"
HEADER = """The native half of slipstream, as type checkers and editors see it.

Made by bindings/python/stub.py: signatures and docstrings are changed where it takes them from.
"""
AWAITED = ("Connection", "Store", "Watch", "Batches")
# What has another name where calls block.
BLOCKING = {name: f"Sync{name}" for name in AWAITED} | {
    "AsyncIterator": "Iterator",
    "__aiter__": "__iter__",
    "__anext__": "__next__",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
}
EXAMPLE = re.compile(r"^(?:>>>|\.\.\.).*", re.MULTILINE)
INDENT = "    "


class Unawaited(ast.NodeTransformer):
    """Makes a class whose calls block of one whose calls are awaited."""

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.name = BLOCKING[node.name]
        return self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.name = BLOCKING.get(node.name, node.name)
        return self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        node.id = BLOCKING.get(node.id, node.id)
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        self.generic_visit(node)
        match node:
            case ast.Subscript(ast.Name("Coroutine"), ast.Tuple([_, _, answer])):
                return answer
            case ast.Subscript(ast.Name("Awaitable"), answer):
                return answer
        return node


def stub() -> str:
    """The stub, as it must be."""
    stated = ast.parse(SIGNATURES.read_text())
    classes = [node for node in stated.body if isinstance(node, ast.ClassDef)]
    calls = [node for node in stated.body if isinstance(node, ast.FunctionDef)]
    twins = [unawaited(node) for node in classes if node.name in AWAITED]
    for node in classes + twins:
        document(node)
    declared: list[ast.ClassDef | ast.FunctionDef] = [*classes, *twins, connect(), *calls]
    exported = sorted(["__version__", *(node.name for node in declared)])
    listed = ast.parse(f"__all__ = {exported}").body
    imports = [node for node in stated.body if isinstance(node, ast.ImportFrom)]
    variables = [node for node in stated.body if isinstance(node, ast.AnnAssign)]
    body = [literal(HEADER), *imports, *listed, *variables, *declared]
    return formatted(ast.unparse(ast.Module(body=body, type_ignores=[])))


def unawaited(awaited: ast.ClassDef) -> ast.ClassDef:
    """The twin of a class whose calls are awaited."""
    twin = Unawaited().visit(ast.parse(ast.unparse(awaited)).body[0])
    assert isinstance(twin, ast.ClassDef)
    return twin


def connect() -> ast.FunctionDef:
    """The native function behind both functions of that name."""
    stated = ast.parse(PARAMETERS.read_text()).body
    found = next(
        node for node in stated if isinstance(node, ast.FunctionDef) and node.name == "connect"
    )
    options = found.args
    options.kwonlyargs.insert(0, ast.arg("blocking", ast.Name("bool")))
    # The times have no defaults there: what they are is stated where the others are.
    times = {"timeout", "connect_timeout"}
    options.kw_defaults = [
        None if option.arg in {"blocking"} | times else ast.Constant(...)
        for option in options.kwonlyargs
    ]
    found.returns = ast.Name("Any")
    found.body = [ast.Expr(ast.Constant(...))]
    return found


def document(stub: ast.ClassDef) -> None:
    """Gives a class and its public methods the docstrings that they have once built."""
    kind = getattr(_native, stub.name)
    stub.body.insert(0, literal(said(kind, stub.name), INDENT))
    for method in stub.body:
        if isinstance(method, ast.FunctionDef) and not method.name.startswith("_"):
            text = said(getattr(kind, method.name), stub.name)
            method.body = [literal(text, 2 * INDENT)]


def said(documented: object, owner: str) -> str:
    """A docstring, whose examples await nothing where calls block."""
    text = inspect.getdoc(documented) or ""
    if owner not in BLOCKING.values():
        return text
    return EXAMPLE.sub(lambda example: re.sub(r"\b(?:await|async) ", "", example[0]), text)


def literal(text: str, indent: str = "") -> ast.Expr:
    """A docstring with its lines as far to the right as what it documents."""
    lines = text.rstrip().split("\n")
    if len(lines) > 1:
        lines = [lines[0], *(indent + line if line else "" for line in lines[1:]), indent]
    return ast.Expr(ast.Constant("\n".join(lines)))


def formatted(code: str) -> str:
    """The code as the linters want a stub."""
    code = re.sub(r"\n\n(?=    (?:def|@))", "\n", code)
    for command in (["check", "--quiet", "--select", "I,D204", "--fix"], ["format"]):
        options = ["--stdin-filename", str(STUB), "-"]
        ran = subprocess.run(
            ["ruff", *command, *options], input=code, stdout=subprocess.PIPE, text=True, check=True
        )
        code = ran.stdout
    return code


def main() -> int:
    if sys.argv[1:] != ["--check"]:
        STUB.write_text(stub())
        return 0
    if STUB.read_text() == stub():
        return 0
    print(f"{STUB} is not what {Path(__file__).name} makes: run it")
    return 1


if __name__ == "__main__":
    sys.exit(main())
