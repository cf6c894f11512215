"""Runs ``notice_child`` for messages that are due, in a thread that nobody waits for."""

import asyncio
import json
import logging
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress

import msgspec

from ptyd.edge.notice_child import Message, Outcome

logger = logging.getLogger("ptyd.notices")

SEND_SECONDS = 30.0
"""A service that takes longer has failed."""


class NoticeSender:
    """One child at a time. ``command``: what is run in its place."""

    def __init__(self, command: Sequence[str] = (sys.executable, "-m", "ptyd.edge.notice_child")) -> None:
        self._command = list(command)
        self._lock = asyncio.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._is_closed = False

    async def send(self, messages: Sequence[Message]) -> list[Outcome]:
        """An outcome for each, in their order."""
        async with self._lock:
            lines = await self._run(json.dumps(list(messages)).encode())
        outcomes = {outcome["number"]: outcome for outcome in map(_read_outcome, lines) if outcome is not None}
        return [outcomes.get(message["number"], _not_answered(message)) for message in messages]

    def close(self) -> None:
        """Nothing more is sent."""
        self._is_closed = True
        if self._child is not None:
            self._child.kill()

    async def _run(self, said: bytes) -> list[bytes]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[list[bytes]] = loop.create_future()

        def settle(lines: list[bytes]) -> None:
            if not future.done():
                future.set_result(lines)

        def work() -> None:
            lines = self._run_child(said)
            with suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(settle, lines)

        # Not the loop's pool of threads: the daemon's end would wait for that.
        threading.Thread(target=work, name="notices", daemon=True).start()
        return await future

    def _run_child(self, said: bytes) -> list[bytes]:
        try:
            child = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # it may name URLs
                start_new_session=True,
                cwd="/",
            )
        except OSError as error:
            logger.error("notifications cannot be sent: %s", error)
            return []
        self._child = child
        if self._is_closed:
            child.kill()
        try:
            output, _ = child.communicate(said, timeout=SEND_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            output, _ = child.communicate()
        self._child = None
        return output.splitlines()


def _read_outcome(line: bytes) -> Outcome | None:
    try:
        return msgspec.json.decode(line, type=Outcome)
    except msgspec.DecodeError:  # killed in the middle of it, or a service's plugin has printed something
        return None


def _not_answered(message: Message) -> Outcome:
    scheme = message["url"].partition("://")[0]
    return {
        "number": message["number"],
        "service": scheme,
        "reason": f"no answer within {SEND_SECONDS:g} s, or the process that sends has failed",
        "may_retry": True,
    }
