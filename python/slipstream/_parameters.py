"""The parameters of ``connect``, stated once for calls that are awaited and calls that block."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import update_wrapper
from inspect import signature
from os import PathLike
from typing import Any, ParamSpec, TypeVar

_Stated = ParamSpec("_Stated")
_Opened = TypeVar("_Opened")


def connect(  # noqa: PLR0913
    url: str,
    *,
    timeout: float | timedelta = 5.0,
    connect_timeout: float | timedelta = 5.0,
    wait: float | timedelta | None = None,
    creds: str | None = None,
    creds_file: str | PathLike[str] | None = None,
    nkey: str | None = None,
    token: str | None = None,
    user: str | None = None,
    password: str | None = None,
    tls_ca: str | PathLike[str] | None = None,
    tls_cert: str | PathLike[str] | None = None,
    tls_key: str | PathLike[str] | None = None,
    tls_first: bool = False,
    stale_reads: bool = False,
    client_name: str | None = None,
) -> dict[str, Any]:
    """Give each argument under the name of its parameter."""
    return locals()


def takes(
    stated: Callable[_Stated, dict[str, Any]],
) -> Callable[[Callable[[dict[str, Any]], _Opened]], Callable[_Stated, _Opened]]:
    """Give a function the parameters of ``stated``, and call it with what that makes of them."""

    def give(function: Callable[[dict[str, Any]], _Opened]) -> Callable[_Stated, _Opened]:
        def taking(*arguments: _Stated.args, **options: _Stated.kwargs) -> _Opened:
            return function(stated(*arguments, **options))

        shown = signature(stated).replace(return_annotation=signature(function).return_annotation)
        vars(update_wrapper(taking, function))["__signature__"] = shown
        return taking

    return give
