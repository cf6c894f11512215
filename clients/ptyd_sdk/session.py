"""One session of the daemon: what can be asked of it and done to it."""

import asyncio
import io
import os
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Literal, overload

import msgspec
from msgspec import Struct
from ptyd_protocol import limits
from ptyd_protocol.access import ShareParams, ShareResult, TokenRevokeParams
from ptyd_protocol.activity import Activity, ActivityState, ExplainResult, WaitStateParams
from ptyd_protocol.capture import CaptureFormat, CaptureParams, CaptureResult, CellGrid
from ptyd_protocol.conversations import KeepParams, KeepPolicy
from ptyd_protocol.files import PasteParams
from ptyd_protocol.messages import Attach, Role
from ptyd_protocol.plain_text import PlainText
from ptyd_protocol.sessions import (
    ExportParams,
    ExportResult,
    KillParams,
    LockParams,
    MarkParams,
    ReadLogParams,
    ReadLogResult,
    RenameParams,
    ResizeParams,
    SendParams,
    SessionInfo,
    SessionParams,
    SignalParams,
    WaitParams,
)

from ptyd_sdk.attachment import Attachment, ExitStatus, Screen
from ptyd_sdk.errors import BadRequest, SessionExited, TimedOut, Unavailable
from ptyd_sdk.files import Progress, get_file, no_progress, put_file, save_file, words_of
from ptyd_sdk.link import Link
from ptyd_sdk.prompts import Prompting

PROGRAM_WINDOW_BYTES = limits.MIB
"""Output on its way to a program: four full messages, so that one is always under way while another is handled."""

SEARCHED_CHARS = 64 * limits.KIB
"""``wait_text`` finds what spans no more than so many characters."""


class Session(Prompting):
    """``info`` is what was last heard of it; ``refresh`` asks again. Made by the Connection, never directly."""

    def __init__(self, link: Link, info: SessionInfo) -> None:
        self.info = info
        self._link = link

    def __repr__(self) -> str:
        return f"<Session {self.id} {self.name!r} {self.info.state}>"

    @property
    def id(self) -> str:
        """8 hexadecimal digits; never changes."""
        return self.info.id

    @property
    def name(self) -> str:
        return self.info.name

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
        window: int = PROGRAM_WINDOW_BYTES,
        epoch: int | None = None,
        offset: int | None = None,
    ) -> Attachment:
        """``async with session.attach() as term``: the session's output and input.

        Args:
            role: "control" may type and size, "observe" only looks.
            cols, rows: the size this attachment would like, in cells; None: as it is.
            lossless: every byte once, for which the program waits if it must. False: a reader too slow is given the
                screen anew (a ``Screen``).
            history: bytes of earlier output to begin with; None: all that is kept or, where it is not lossless, the
                exact screen.
            scrollback: lines above the screen in every ``Screen``; None: 2,000.
            hidden: nobody looks at it; see ``Attachment.set_hidden``.
            window: bytes that may be on their way.
            epoch, offset: go on exactly there (both or neither), instead of with ``history``.

        Raises:
            BadRequest: a value is out of range.
        """
        if (epoch is None) != (offset is None):
            raise BadRequest("bad_request", "attach: epoch and offset belong together")
        if lossless and scrollback is not None:
            raise BadRequest("bad_request", "attach: a lossless attachment gets bytes and no screen")
        if lossless and history is None:
            history = limits.MAX_SEQ
        request = Attach(
            channel=1,  # the connection puts in its own
            session=self.id,
            role=role,
            cols=self.info.cols if cols is None else cols,
            rows=self.info.rows if rows is None else rows,
            epoch=epoch,
            offset=offset,
            window=window,
            lossless=lossless,
            history=history,
            scrollback=limits.DEFAULT_SCROLLBACK_LINES if scrollback is None else scrollback,
            hidden=hidden,
        )
        try:
            return Attachment(self._link, msgspec.convert(msgspec.to_builtins(request), Attach))
        except msgspec.ValidationError as error:
            raise BadRequest("bad_request", f"attach: {error}") from None

    # --- waiting -----------------------------------------------------------------------------------------------------

    async def wait_exit(self, timeout: float | None = None) -> ExitStatus:
        """Wait until the program has ended; ``timeout`` in seconds.

        Raises:
            TimedOut: it still runs.
        """
        if self.info.state != "exited":
            await self._wait(WaitParams(session=self.id, until="exit", timeout_seconds=timeout))
        return ExitStatus(self.info.exit_code, self.info.exit_signal)

    async def wait_idle(self, seconds: float = 1.0, timeout: float | None = None) -> None:
        """Wait until the program has written nothing for ``seconds``.

        Raises:
            TimedOut: it never was silent so long.
        """
        await self._wait(WaitParams(session=self.id, until="idle", idle_seconds=seconds, timeout_seconds=timeout))

    async def wait_state(self, *states: ActivityState, timeout: float | None = None) -> Activity:
        """Wait until the program is in one of these states ("idle", "working", "waiting", ...); at once if it is.

        Raises:
            TimedOut: it was in none of them.
            SessionExited: it ended in another one.
        """
        params = WaitStateParams(session=self.id, states=list(states), timeout_seconds=timeout)
        await self._wait(params, "wait_state")
        if self.info.activity is None:
            raise Unavailable("unavailable", "the daemon does not say what sessions do")
        return self.info.activity

    async def explain(self) -> ExplainResult:
        """What the program is doing, and what was seen that says so."""
        result: ExplainResult = await self._link.request("explain", SessionParams(session=self.id))
        return result

    async def _wait(self, params: WaitParams | WaitStateParams, method: str = "wait") -> None:
        try:
            # The daemon minds the time too; ours also counts while the connection is broken.
            async with asyncio.timeout(params.timeout_seconds):
                await self._update(method, params)
        except TimedOut:
            raise
        except TimeoutError:
            raise TimedOut("timeout", f"session {self.name}: not within {params.timeout_seconds:g} s") from None

    async def wait_text(
        self, pattern: str | re.Pattern[str], timeout: float | None = None, *, since: int | None = None
    ) -> re.Match[str]:
        """Wait until ``pattern`` is found in the output, read as text without control sequences.

        ``since`` is an offset, such as ``info.log_head`` after ``refresh()``: what was written before is not
        searched. None: all that is kept. It is found within 65,536 characters, not across more. Text that a full-screen
        program paints is found as it was painted, not as it stands on the screen.

        Raises:
            TimedOut: it did not come in time.
            SessionExited: the program ended without it.
        """
        compiled = re.compile(pattern)
        try:
            async with asyncio.timeout(timeout):
                return await self._search(compiled, since)
        except TimeoutError:
            raise TimedOut("timeout", f"session {self.name}: no {compiled.pattern!r} within {timeout:g} s") from None

    async def _search(self, pattern: re.Pattern[str], since: int | None) -> re.Match[str]:
        place: dict[str, Any] = {}
        if since is not None:
            info = await self.refresh()
            place = {"epoch": info.epoch, "offset": max(since, info.log_start)}
        plain = PlainText()
        text = ""
        async with self.attach("observe", **place) as output:
            async for chunk in output:
                text += plain.feed(chunk)
                if (match := pattern.search(text)) is not None:
                    return match
                text = text[-SEARCHED_CHARS:]
        raise SessionExited("session_exited", f"session {self.name} ended without {pattern.pattern!r}")

    # --- doing -------------------------------------------------------------------------------------------------------

    async def send(self, data: bytes) -> None:
        """Type ``data`` without attaching; returns once the daemon has taken it.

        Raises:
            ConnectionLost: whether it was typed is unknown. (An Attachment's ``write`` knows.)
        """
        for piece in _split(data, limits.MAX_UNACKED_INPUT_BYTES):
            await self._update("send", SendParams(session=self.id, data=piece))

    async def signal(self, signal: str | int) -> None:
        """Signal the terminal's foreground processes: a name ("INT", "SIGINT") or a number."""
        await self._update("signal", SignalParams(session=self.id, signal=signal))

    async def kill(self, grace_seconds: float = 2.0) -> ExitStatus:
        """End the program and all its descendants: HUP, then TERM, then KILL, with ``grace_seconds`` between them.
        On a session that has ended: the daemon forgets it."""
        await self._update("kill", KillParams(session=self.id, grace_seconds=grace_seconds))
        return ExitStatus(self.info.exit_code, self.info.exit_signal)

    async def rename(self, name: str) -> None:
        """Give it another name.

        Raises:
            NameTaken, BadName
        """
        await self._update("rename", RenameParams(session=self.id, name=name))

    async def resize(self, cols: int, rows: int) -> None:
        """Size the terminal, in cells, whoever is in control."""
        await self._update("resize", ResizeParams(session=self.id, cols=cols, rows=rows))

    async def lock(self, locked: bool = True) -> None:
        """While locked, typing does not take control of the size; asking for it does."""
        await self._update("lock", LockParams(session=self.id, locked=locked))

    async def detach(self) -> None:
        """End all attachments to this session, everybody's."""
        await self._update("detach", SessionParams(session=self.id))

    async def paste(self, text: str) -> None:
        """Paste ``text`` as a terminal does: in brackets where the program has asked for that, so that a line end does
        not submit it. Control characters other than tabs and line ends are left out.

        Raises:
            ConnectionLost: whether it was pasted is unknown.
        """
        await self._update("paste", PasteParams(session=self.id, text=text))

    async def put(
        self, source: str | Path | bytes, name: str = "", *, paste: bool = False, progress: Progress = no_progress
    ) -> str:
        """Store a file (a path here, or its bytes) in the session's private folder, which is removed with the session.

        Args:
            name: what it is called there, as far as that is safe; a number is added where there is one. Empty: as here.
            paste: paste its path into the program; Claude Code attaches a picture then.
            progress: is told how many bytes are there, of how many.

        Returns:
            Its absolute path on the daemon's machine.

        Raises:
            OSError: it cannot be read here.
            NoResources: it is larger than the daemon takes, or there is no room.
            SessionExited, NotAllowed
        """
        if isinstance(source, bytes):
            path = await put_file(self._link, self.id, io.BytesIO(source), len(source), name or "file", progress)
        else:
            with await asyncio.to_thread(open, source, "rb") as file:
                size = os.fstat(file.fileno()).st_size
                path = await put_file(self._link, self.id, file, size, name or Path(source).name, progress)
        if paste:
            await self.paste(words_of([path]))
        return path

    async def get(self, path: str | Path) -> bytes:
        """The contents of a file below the session's working directory, or of one that was put into the session.

        Raises:
            NoSuchFile, PermissionDenied
            NotAllowed: it is elsewhere, behind a symbolic link, or no regular file.
            NoResources: it is larger than the daemon gives out.
        """
        content = bytearray()
        await get_file(self._link, self.id, str(path), content.extend, no_progress)
        return bytes(content)

    async def get_to(self, path: str | Path, target: str | Path, *, progress: Progress = no_progress) -> int:
        """As ``get``, into the file ``target``, which is replaced when all is there; returns the size in bytes.

        Raises:
            OSError: it cannot be written here.
        """
        return await save_file(self._link, self.id, str(path), Path(target), progress)

    # --- looking -----------------------------------------------------------------------------------------------------

    async def refresh(self) -> SessionInfo:
        """Ask for the present ``info``."""
        await self._update("get", SessionParams(session=self.id))
        return self.info

    @overload
    async def capture(
        self, scrollback: int = 0, *, format: Literal["text", "vt", "html"] = "text", join: bool = False
    ) -> str: ...

    @overload
    async def capture(self, scrollback: int = 0, *, format: Literal["cells"], join: bool = False) -> CellGrid: ...

    @overload
    async def capture(self, scrollback: int = 0, *, format: Literal["terminal"], join: bool = False) -> Screen: ...

    @overload
    async def capture(
        self, scrollback: int = 0, *, format: CaptureFormat = "text", join: bool = False
    ) -> str | CellGrid | Screen: ...

    async def capture(
        self, scrollback: int = 0, *, format: CaptureFormat = "text", join: bool = False
    ) -> str | CellGrid | Screen:
        """The screen, with so many lines above it (-1: all that are kept).

        Args:
            format: "text"; "vt": text with colours; "html": one ``<pre>`` element; "cells": a CellGrid;
                "terminal": a Screen.
            join: a line that the terminal wrapped is one line.

        Raises:
            Unavailable: another format than "text", and the daemon has no screen engine.
        """
        params = CaptureParams(session=self.id, scrollback=scrollback, format=format, join=join)
        result: CaptureResult = await self._link.request("capture", params)
        if format == "terminal":
            return Screen.captured(result)
        if format != "cells":
            return result.text
        if result.grid is None:
            raise Unavailable("unavailable", "the daemon has no cells to give")
        return result.grid

    async def read_log(self, offset: int | None = None, max_bytes: int = 8 * limits.MIB) -> ReadLogResult:
        """Raw output from ``offset`` on; None: the newest ``max_bytes``."""
        result: ReadLogResult = await self._link.request(
            "read_log", ReadLogParams(session=self.id, offset=offset, max_bytes=max_bytes)
        )
        return result

    async def mark(self, label: str = "") -> None:
        """Set a mark in the session's recordings, here and now."""
        await self._update("mark", MarkParams(session=self.id, label=label))

    async def export(self) -> AsyncIterator[bytes]:
        """The session's log as asciicast v3, whole lines at a time, up to where the log ends now."""
        resume: str | None = ""
        while resume is not None:
            result: ExportResult = await self._link.request("export", ExportParams(session=self.id, resume=resume))
            yield result.data
            resume = result.resume

    async def share(
        self, control: bool = False, *, expires_seconds: float | None = 7200.0, uses: int | None = None
    ) -> ShareResult:
        """A link that opens this session, and nothing else, in a browser: to look at or, with ``control``, to type too.

        ``url`` is None where the daemon listens on no TCP; ``uses``: how many may log in by it, None: any number.
        """
        params = ShareParams(session=self.id, control=control, expires_seconds=expires_seconds, uses=uses)
        result: ShareResult = await self._link.request("share", params)
        return result

    async def unshare(self) -> None:
        """End all links to this session, and whatever is open by them."""
        await self._link.request("token_revoke", TokenRevokeParams(session=self.id))

    async def keep(self, keep: KeepPolicy | None = None, *, restart_on_failure: bool | None = None) -> None:
        """Say what becomes of a Claude session that is ended with the daemon or the machine ("never", "ask",
        "always"), and whether it is started again where it fails. None: as it was."""
        await self._update("keep", KeepParams(session=self.id, keep=keep, restart_on_failure=restart_on_failure))

    async def _update(self, method: str, params: Struct) -> None:
        self.info = await self._link.request(method, params)


def _split(data: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]
