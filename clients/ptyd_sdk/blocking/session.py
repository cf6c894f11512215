"""The blocking face of a session."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, overload

from ptyd_protocol import limits
from ptyd_protocol.access import ShareResult
from ptyd_protocol.activity import Activity, ActivityState, ExplainResult
from ptyd_protocol.capture import CaptureFormat, CellGrid
from ptyd_protocol.conversations import KeepPolicy
from ptyd_protocol.messages import Role
from ptyd_protocol.prompts import Prompt
from ptyd_protocol.sessions import ReadLogResult, SessionInfo

from ptyd_sdk import session as async_session
from ptyd_sdk.attachment import ExitStatus, Screen
from ptyd_sdk.blocking.attachment import Attachment
from ptyd_sdk.blocking.loop_thread import Iteration, LoopThread
from ptyd_sdk.files import Progress, no_progress


class Session:
    """See ``ptyd_sdk.Session``."""

    def __init__(self, thread: LoopThread, inner: async_session.Session) -> None:
        self._thread = thread
        self._inner = inner

    def __repr__(self) -> str:
        return repr(self._inner)

    @property
    def id(self) -> str:
        return self._inner.id

    @property
    def name(self) -> str:
        return self._inner.name

    @property
    def info(self) -> SessionInfo:
        return self._inner.info

    def attach(
        self,
        role: Role = "control",
        cols: int | None = None,
        rows: int | None = None,
        *,
        lossless: bool = True,
        history: int | None = None,
        scrollback: int | None = None,
        hidden: bool = False,
        window: int = async_session.PROGRAM_WINDOW_BYTES,
        epoch: int | None = None,
        offset: int | None = None,
    ) -> Attachment:
        inner = self._inner.attach(
            role,
            cols,
            rows,
            lossless=lossless,
            history=history,
            scrollback=scrollback,
            hidden=hidden,
            window=window,
            epoch=epoch,
            offset=offset,
        )
        return Attachment(self._thread, inner)

    def wait_exit(self, timeout: float | None = None) -> ExitStatus:
        return self._thread.run(self._inner.wait_exit(timeout))

    def wait_idle(self, seconds: float = 1.0, timeout: float | None = None) -> None:
        self._thread.run(self._inner.wait_idle(seconds, timeout))

    def wait_state(self, *states: ActivityState, timeout: float | None = None) -> Activity:
        return self._thread.run(self._inner.wait_state(*states, timeout=timeout))

    def explain(self) -> ExplainResult:
        return self._thread.run(self._inner.explain())

    def ask(self, text: str, *, wait: bool = True, timeout: float | None = None, or_waiting: bool = True) -> Prompt:
        return self._thread.run(self._inner.ask(text, wait=wait, timeout=timeout, or_waiting=or_waiting))

    def prompts(self, *, closed: bool = False) -> list[Prompt]:
        return self._thread.run(self._inner.prompts(closed=closed))

    def edit_prompt(self, prompt: str, text: str) -> Prompt:
        return self._thread.run(self._inner.edit_prompt(prompt, text))

    def drop_prompt(self, prompt: str) -> Prompt:
        return self._thread.run(self._inner.drop_prompt(prompt))

    def wait_prompt(self, prompt: str, *, timeout: float | None = None, or_waiting: bool = True) -> Prompt:
        return self._thread.run(self._inner.wait_prompt(prompt, timeout=timeout, or_waiting=or_waiting))

    def wait_text(
        self, pattern: str | re.Pattern[str], timeout: float | None = None, *, since: int | None = None
    ) -> re.Match[str]:
        return self._thread.run(self._inner.wait_text(pattern, timeout, since=since))

    def send(self, data: bytes) -> None:
        self._thread.run(self._inner.send(data))

    def paste(self, text: str) -> None:
        self._thread.run(self._inner.paste(text))

    def put(
        self, source: str | Path | bytes, name: str = "", *, paste: bool = False, progress: Progress = no_progress
    ) -> str:
        return self._thread.run(self._inner.put(source, name, paste=paste, progress=progress))

    def get(self, path: str | Path) -> bytes:
        return self._thread.run(self._inner.get(path))

    def get_to(self, path: str | Path, target: str | Path, *, progress: Progress = no_progress) -> int:
        return self._thread.run(self._inner.get_to(path, target, progress=progress))

    def signal(self, signal: str | int) -> None:
        self._thread.run(self._inner.signal(signal))

    def kill(self, grace_seconds: float = 2.0) -> ExitStatus:
        return self._thread.run(self._inner.kill(grace_seconds))

    def rename(self, name: str) -> None:
        self._thread.run(self._inner.rename(name))

    def resize(self, cols: int, rows: int) -> None:
        self._thread.run(self._inner.resize(cols, rows))

    def detach(self) -> None:
        self._thread.run(self._inner.detach())

    def refresh(self) -> SessionInfo:
        return self._thread.run(self._inner.refresh())

    def lock(self, locked: bool = True) -> None:
        self._thread.run(self._inner.lock(locked))

    @overload
    def capture(
        self, scrollback: int = 0, *, format: Literal["text", "vt", "html"] = "text", join: bool = False
    ) -> str: ...

    @overload
    def capture(self, scrollback: int = 0, *, format: Literal["cells"], join: bool = False) -> CellGrid: ...

    @overload
    def capture(self, scrollback: int = 0, *, format: Literal["terminal"], join: bool = False) -> Screen: ...

    def capture(
        self, scrollback: int = 0, *, format: CaptureFormat = "text", join: bool = False
    ) -> str | CellGrid | Screen:
        return self._thread.run(self._inner.capture(scrollback, format=format, join=join))

    def read_log(self, offset: int | None = None, max_bytes: int = 8 * limits.MIB) -> ReadLogResult:
        return self._thread.run(self._inner.read_log(offset, max_bytes))

    def mark(self, label: str = "") -> None:
        self._thread.run(self._inner.mark(label))

    def export(self) -> Iterator[bytes]:
        return Iteration(self._thread, self._inner.export())

    def share(
        self, control: bool = False, *, expires_seconds: float | None = 7200.0, uses: int | None = None
    ) -> ShareResult:
        return self._thread.run(self._inner.share(control, expires_seconds=expires_seconds, uses=uses))

    def unshare(self) -> None:
        self._thread.run(self._inner.unshare())

    def keep(self, keep: KeepPolicy | None = None, *, restart_on_failure: bool | None = None) -> None:
        self._thread.run(self._inner.keep(keep, restart_on_failure=restart_on_failure))
