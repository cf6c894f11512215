"""A spawn message, checked."""

import os
from dataclasses import dataclass
from typing import Final, TypeGuard

from ptyd.keeper.limits import NO_LIMITS, Limits, parse_limits
from ptyd.keeper.spawn_errors import SpawnError
from ptyd.keeper.wire import Message

MAX_CELLS: Final = 65535
"""``struct winsize`` counts in unsigned shorts."""


@dataclass(frozen=True)
class Files:
    """What a program without a terminal has for one: absolute paths of the file that it reads, and of the one that its
    standard error is appended to. Its standard output is a pipe."""

    stdin: str
    stderr: str


@dataclass(frozen=True)
class SpawnRequest:
    """``files``: None for a program in a terminal."""

    argv: list[str]
    env: dict[str, str]
    cwd: str
    cols: int
    rows: int
    limits: Limits = NO_LIMITS
    files: Files | None = None


def parse_request(message: Message) -> SpawnRequest:
    """Check a spawn message.

    Raises:
        SpawnError: ``bad_request``.
    """
    argv, env, cwd = message.get("argv"), message.get("env"), message.get("cwd")
    cols, rows = message.get("cols"), message.get("rows")
    if not isinstance(argv, list) or not all(_is_c_string(item) for item in argv) or not argv or not argv[0]:
        raise SpawnError("bad_request", "no command was given, or it is no list of texts")
    if not isinstance(env, dict) or not all(_is_c_string(text) for item in env.items() for text in item):
        raise SpawnError("bad_request", "the environment must be names and texts")
    if any(not name or "=" in name for name in env):
        raise SpawnError("bad_request", "a name in the environment is empty or contains '='")
    if not _is_path(cwd):
        raise SpawnError("bad_request", f"the directory must be an absolute path: {cwd!r}")
    if not _is_size(cols) or not _is_size(rows):
        raise SpawnError("bad_request", f"no size for a terminal: {cols!r} x {rows!r}")
    limits = parse_limits(message.get("limits"))
    files = _parse_files(message.get("files"))
    return SpawnRequest(argv=argv, env=env, cwd=cwd, cols=cols, rows=rows, limits=limits, files=files)


def _parse_files(given: object) -> Files | None:
    if given is None:
        return None
    if isinstance(given, dict):
        stdin, stderr = given.get("stdin"), given.get("stderr")
        if _is_path(stdin) and _is_path(stderr):
            return Files(stdin=stdin, stderr=stderr)
    raise SpawnError("bad_request", "a program without a terminal needs the absolute paths of its stdin and stderr")


def _is_path(value: object) -> TypeGuard[str]:
    return _is_c_string(value) and os.path.isabs(value)  # noqa: PTH117 - nothing of Path is wanted here


def _is_c_string(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and "\0" not in value


def _is_size(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_CELLS
