"""The blocking face of a structured run."""

from collections.abc import Iterator

from ptyd_protocol.run_events import AnyRunEvent
from ptyd_protocol.runs import RunInfo, RunOutcome

from ptyd_sdk import run as async_run
from ptyd_sdk.blocking.loop_thread import Iteration, LoopThread
from ptyd_sdk.blocking.session import Session


class Run:
    """``for event in ptyd.run("...")``, or ``ptyd.run("...").wait()``; see ``ptyd_sdk.Run``."""

    def __init__(self, thread: LoopThread, inner: async_run.Run) -> None:
        self._thread = thread
        self._inner = inner

    def __repr__(self) -> str:
        return repr(self._inner)

    @property
    def id(self) -> str:
        return self._inner.id

    @property
    def info(self) -> RunInfo | None:
        return self._inner.info

    @property
    def outcome(self) -> RunOutcome | None:
        return self._inner.outcome

    def start(self) -> RunInfo:
        return self._thread.run(self._inner.start())

    def wait_started(self, timeout: float | None = None) -> Session:
        return Session(self._thread, self._thread.run(self._inner.wait_started(timeout)))

    def wait(self, timeout: float | None = None) -> RunOutcome:
        return self._thread.run(self._inner.wait(timeout))

    def stop(self) -> None:
        self._thread.run(self._inner.stop())

    def __iter__(self) -> Iterator[AnyRunEvent]:
        return Iteration(self._thread, aiter(self._inner))
