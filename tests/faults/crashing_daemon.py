"""The daemon with an engine that dies, as a library in C does, of certain output. Started in place of the daemon.

Output that holds POISON_<WORD> makes it die of SIG<WORD>; POISON_HANG makes it never come back; POISON_LOOP hangs the
whole daemon.
"""

import os
import re
import signal
import threading
import time
from typing import Any

from ptyd import daemon
from ptyd.core.screen.engine import Engine, EngineMaker
from ptyd.engine import find_engine_maker


class CrashingEngine:
    """Hands everything on to the engine that it wraps, but for poison."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def feed(self, data: bytes | memoryview) -> bytes:
        poison = re.search(rb"POISON_([A-Z]+)", bytes(data))
        if poison:
            die(poison[1].decode())
        return self._engine.feed(data)


def die(word: str) -> None:
    if word == "HANG":
        threading.Event().wait()
    if word == "LOOP":
        os.kill(os.getpid(), signal.SIGUSR2)
    if word == "MARKED":
        while True:  # at work, until somebody kills it
            time.sleep(0.01)
    os.kill(os.getpid(), signal.Signals["SIG" + word])
    threading.Event().wait()  # the signal is on its way


class CrashingEngineMaker:
    def __init__(self, maker: EngineMaker) -> None:
        self._maker = maker

    @property
    def name(self) -> str:
        return self._maker.name

    def create(self, cols: int, rows: int, scrollback_lines: int) -> Engine:
        return CrashingEngine(self._maker.create(cols, rows, scrollback_lines))  # type: ignore[return-value]

    def restore(self, state: bytes) -> Engine:
        return CrashingEngine(self._maker.restore(state))  # type: ignore[return-value]


def find_crashing_maker() -> EngineMaker | None:
    maker = find_engine_maker()
    return maker and CrashingEngineMaker(maker)


def hang_for_ever(_number: int, _frame: Any) -> None:
    while True:
        pass


if __name__ == "__main__":
    daemon.find_engine_maker = find_crashing_maker
    signal.signal(signal.SIGUSR2, hang_for_ever)
    daemon.main()
