"""The link between keeper and daemon, at both ends. Each trusts the other, and outlives its mistakes."""

import asyncio
import json
import os
import random
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from ptyd_protocol.errors import Refusal

from ptyd.edge.keeper_link import KeeperGone, KeeperLink, KeptExit
from ptyd.keeper import children, link
from ptyd.keeper.keeper import Keeper
from ptyd.keeper.link import Link
from ptyd.keeper.service_manager import ServiceManager
from ptyd.keeper.spawn import Terminal
from ptyd.keeper.spawn_request import SpawnRequest
from ptyd.keeper.supervisor import StartResult
from tests.fuzz.in_memory import LOOP, TRAP
from tests.fuzz.target import Finding, Target, join_pieces, mutate_bytes, mutate_pieces, split_pieces

# --- JSON that has gone wrong

SPITEFUL_JSON: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**64, 10**400, 1e308, float("inf"), float("nan"), "", "x", "\x00", "\ud800"),
    *("x" * 300, "/", [], [[]], [""], ["\x00"], {}, {"": ""}, {"a=b": "c"}, {"op": "start"}, [1, 2, 3, 4], "12345678"),
)


def mutate_json(chance: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    """Another value, a key too many or too few, or harm to the bytes."""
    if chance.random() < 0.3:
        return mutate_bytes(chance, data, seeds)
    try:
        message = json.loads(data)
    except (ValueError, RecursionError):
        return mutate_bytes(chance, data, seeds)
    if not isinstance(message, dict) or not message:
        return json.dumps(chance.choice(SPITEFUL_JSON)).encode()
    key = chance.choice(list(message))
    match chance.randrange(5):
        case 0:
            del message[key]
        case 1:
            message[chance.choice(KEYS)] = chance.choice(SPITEFUL_JSON)
        case 2:
            message["op" if "op" in message else "event"] = chance.choice(WORDS)
        case _:
            message[key] = chance.choice(SPITEFUL_JSON)
    try:
        return json.dumps(message).encode()
    except ValueError:  # a huge number
        return data


KEYS = ("op", "id", "session", "argv", "env", "cwd", "cols", "rows", "record", "name", "kill", "event", "exit", "pid")
WORDS = (
    *("start", "hello", "spawn", "record", "close", "forget", "hold", "release", "ready", "restarting", "stop"),
    *("welcome", "session", "held", "synced", "refused", "exit"),
)

# --- the keeper's end


class IdleLoop:
    """A loop that is never run (keeper/loop.py's Loop)."""

    def watch(self, *arguments: Any) -> None:
        pass

    def unwatch(self, source: Any) -> None:
        pass

    def call_later(self, seconds: float, callback: Callable[[], object]) -> None:
        pass

    def stop(self) -> None:
        pass


class NoDaemon:
    """A supervisor whose daemon always serves, and is no process. ``described`` as Supervisor.describe does."""

    pid = 1234567
    alive_seconds = 0.0

    def __init__(self, described: dict[str, Any]) -> None:
        self._described = described

    def start(self, waiter: Callable[[StartResult], None], *, is_linked: bool) -> None:
        waiter(StartResult(self.pid))

    def describe(self) -> dict[str, Any]:
        return self._described

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *arguments: None


class ScriptedSocket:
    """Datagrams to be received, with descriptors beside them."""

    def __init__(self, datagrams: list[bytes]) -> None:
        self._datagrams = datagrams
        self.sent = 0

    def recvmsg(self, *sizes: int) -> tuple[bytes, list[tuple[int, int, bytes]], int, None]:
        if not self._datagrams:
            raise BlockingIOError
        datagram = self._datagrams.pop(0)
        fds: list[int] = [os.dup(_NULL) for _ in range(datagram.count(b'"hold"'))]
        packed = b"".join(fd.to_bytes(4, "little") for fd in fds)
        return datagram, [(socket.SOL_SOCKET, socket.SCM_RIGHTS, packed)] if fds else [], 0, None

    def sendmsg(self, parts: list[bytes], *more: Any) -> int:
        self.sent += 1
        return len(parts[0])

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *arguments: None


_NULL = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)


def pretend_to_spawn(request: SpawnRequest, nofile_soft: int, mark: int, groups: Sequence[str]) -> Terminal:
    """A request that is let through must be one that the system understands."""
    for text in (*request.argv, *request.env, *request.env.values(), request.cwd):
        os.fsencode(text)
    if not 1 <= request.cols <= 65535 or not 1 <= request.rows <= 65535:
        raise Finding("a size that no terminal has")
    return Terminal(7654321, -1, -1, -1, -1, is_closed=True)


def call_bare(callback: Callable[[], object]) -> None:
    """In place of the guard that would log what is raised."""
    callback()


def run_keeper(case: bytes) -> str:
    """Datagrams of one connection to the keeper."""
    patch = pytest.MonkeyPatch()
    patch.setattr(link, "call_guarded", call_bare)
    patch.setattr(children, "spawn_terminal", pretend_to_spawn)
    try:
        sock = ScriptedSocket([piece for piece in split_pieces(case) if piece])
        keeper = Keeper(
            cast(Any, IdleLoop()),
            cast(Any, None),
            ServiceManager({}),
            cast(Any, sock),
            ["true"],
            Path("/nonexistent"),
            1024,
        )
        keeper._supervisor = cast(Any, NoDaemon(keeper._supervisor.describe()))
        keeper._list_others = lambda: []  # type: ignore[method-assign]
        peer = Link(cast(Any, IdleLoop()), cast(Any, sock), keeper._on_message, keeper._on_closed)
        peer.drain()
        outcome = f"{sock.sent} {len(list(keeper._children))} {len(list(keeper._held))} {keeper._is_stopping}"
        for name, _ in list(keeper._held):
            keeper._held.release(name)
    finally:
        patch.undo()
    check_descriptors()
    return outcome


_counted = 0
_descriptors = 0


def check_descriptors() -> None:
    """Now and then: none may be left open."""
    global _counted, _descriptors
    _counted += 1
    if _counted % 1000 == 1:
        now = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - faster
        if _descriptors and now > _descriptors + 8:
            raise Finding(f"descriptors leak: {_descriptors} before, {now} now")
        _descriptors = _descriptors or now


def keeper_seeds() -> list[bytes]:
    hello = {"op": "hello", "pid": 5}
    spawn = {
        "op": "spawn",
        "id": 1,
        "session": "12345678",
        "argv": ["cat"],
        "env": {"A": "b"},
        "cwd": "/",
        "cols": 80,
        "rows": 24,
        "record": {},
    }
    talks: list[list[dict[str, Any]]] = [
        [{"op": "start"}],
        [
            hello,
            spawn,
            spawn | {"session": "other", "id": 2},
            {"op": "record", "session": "12345678", "record": {"a": 1}},
        ],
        [hello, spawn, {"op": "close", "session": "12345678"}, {"op": "forget", "session": "12345678"}],
        [hello, {"op": "hold", "name": "tcp:1"}, {"op": "hold", "name": "tcp:1"}, {"op": "release", "name": "tcp:1"}],
        [hello, {"op": "ready"}, {"op": "restarting"}, {"op": "stop", "kill": False}, spawn],
        [hello, {"op": "stop", "kill": True}, {"op": "start"}, hello],
    ]
    return [join_pieces([json.dumps(message).encode() for message in talk]) for talk in talks]


# --- the daemon's end


def run_daemon_link(case: bytes) -> str:
    """What a keeper could say: first all that it holds, then events and replies."""
    pieces = [piece for piece in split_pieces(case, most=16) if piece]
    return LOOP.run_until_complete(_hear_keeper(pieces))


async def _hear_keeper(pieces: list[bytes]) -> str:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    exits: list[KeptExit] = []
    gone: list[bool] = []
    with theirs:
        ours.setblocking(False)
        keeper_link = KeeperLink(ours)
        keeper_link.start(lambda session, status: exits.append(status), lambda: gone.append(True))
        future: asyncio.Future[Any] = LOOP.create_future()
        keeper_link._calls[1] = future
        for piece in pieces:
            theirs.send(piece)
            keeper_link._receive()
        keeper_link.close()
    outcome = f"{len(exits)} {future.done()} {bool(gone)}"
    if future.done() and isinstance(error := future.exception(), Exception) and not isinstance(error, Refusal):
        raise Finding("a call ended by something else than a refusal") from error
    TRAP.check()
    check_descriptors()
    return outcome


def run_daemon_welcome(case: bytes) -> str:
    """What a keeper could say to a daemon that has just started; then it hangs up."""
    from ptyd.edge.keeper_link import _receive_kept  # noqa: PLC0415 - private: nobody else has a use for it

    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours:
        with theirs:
            for piece in split_pieces(case, most=16):
                if piece:
                    theirs.send(piece)
        try:
            kept = _receive_kept(ours)
        except (OSError, KeeperGone):
            return "gone"
    check_descriptors()
    return f"{len(kept.sessions)} {len(kept.held)}"


def daemon_link_seeds() -> list[bytes]:
    ended = {"event": "exit", "session": "12345678", "code": 0, "signal": None, "at": 1.5}
    talks: list[list[dict[str, Any]]] = [
        [ended, ended | {"code": None, "signal": 9}],
        [{"id": 1, "ok": True, "pid": 77}],
        [{"id": 1, "ok": False, "error": "no_ptys", "message": "none left"}, ended],
    ]
    return [join_pieces([json.dumps(message).encode() for message in talk]) for talk in talks]


def welcome_seeds() -> list[bytes]:
    session = {"event": "session", "session": "12345678", "pid": 7, "record": {"name": "x"}, "exit": None}
    ended = session | {"exit": {"code": 0, "signal": None, "at": 1.5}}
    talk = [{"event": "welcome", "keeper_pid": 3, "restarts": 0}, session, ended, {"event": "synced"}]
    return [join_pieces([json.dumps(message).encode() for message in talk])]


def keeper_targets() -> list[Target]:
    mutate = mutate_pieces(mutate_json)
    return [
        Target("keeper", run_keeper, keeper_seeds(), mutate),
        Target("keeper_events", run_daemon_link, daemon_link_seeds(), mutate),
        Target("keeper_welcome", run_daemon_welcome, welcome_seeds(), mutate),
    ]
