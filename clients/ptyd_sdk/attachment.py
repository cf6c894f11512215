"""One attachment to a session: bytes out, bytes in, over any number of connections."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from types import TracebackType
from typing import Literal, NamedTuple

import msgspec
from msgspec import Struct
from ptyd_protocol.capture import CaptureResult
from ptyd_protocol.client_channel import ClientChannel
from ptyd_protocol.errors import ErrorCode
from ptyd_protocol.messages import (
    Appearance,
    Attach,
    Attached,
    ControlChanged,
    DaemonMessage,
    Detached,
    Exited,
    InputAck,
    Live,
    Output,
    Resized,
    Snapshot,
)
from ptyd_protocol.sessions import LockParams

from ptyd_sdk.errors import AttachmentEnded, BadRequest, BytesLost, PtydError, make_ending, make_failure
from ptyd_sdk.link import Link, LinkState
from ptyd_sdk.mailbox import Mailbox

LEAVING_INPUT_TIMEOUT_SECONDS = 5.0
"""So long does leaving ``async with`` wait for the program to take what was written; it may not be reading at all."""

DETACH_TIMEOUT_SECONDS = 5.0
"""A daemon that does not answer Detach in this time is not waited for."""


class ExitStatus(NamedTuple):
    """How a program ended: one of exit code and number of the signal; neither where that was lost."""

    code: int | None
    signal: int | None


class Screen(bytes):
    """A chunk that begins anew: reset the terminal to ``cols`` and ``rows``, then write it.

    The output goes on behind it, at ``offset``. It is control sequences that rebuild the exact screen, and no part of
    the program's output. Empty where the daemon has no screen to give: then output is missing, and that is all.
    """

    cols: int
    rows: int
    offset: int

    @classmethod
    def of(cls, snapshot: Snapshot) -> "Screen":
        screen = cls(snapshot.data)
        screen.cols, screen.rows, screen.offset = snapshot.cols, snapshot.rows, snapshot.offset
        return screen

    @classmethod
    def captured(cls, result: CaptureResult) -> "Screen":
        screen = cls(result.data or b"")
        screen.cols, screen.rows, screen.offset = result.cols, result.rows, result.offset
        return screen


class ConnectionState(Struct, frozen=True):
    """The connection broke (reconnecting), is back (open), or is gone for good (closed). ``reason`` is for people."""

    state: Literal["connecting", "open", "reconnecting", "closed"]
    reason: str = ""


AttachmentEvent = Attached | Output | Snapshot | Resized | Live | ControlChanged | Exited | Detached | ConnectionState


class Attachment:
    """``async with session.attach() as term``: attached while inside.

    ``async for chunk in term`` hands out the output; ``write`` sends input. All in order, once, over broken
    connections and restarts of the daemon. Output is acknowledged when the consumer comes back for the next chunk. One
    who never reads a lossless attachment makes the program wait, once the daemon's log is full.
    """

    def __init__(self, link: Link, request: Attach) -> None:
        self.exit_status: ExitStatus | None = None
        """How the program ended; None while it runs, or if the attachment ended before."""
        self.ended_with: Detached | None = None
        """Why the attachment ended, where it was not the end of the program."""
        self._link = link
        self._request = request
        self._channel: ClientChannel | None = None
        self._mailbox: Mailbox[tuple[AttachmentEvent, int]] = Mailbox()
        """What is to be handed out, each with the generation of the channel that it belongs to."""
        self._generation = 0
        self._has_screen_out = False
        self._is_hidden = request.hidden
        self._attached: asyncio.Future[None] | None = None
        self._changed = asyncio.Event()
        self._write_lock = asyncio.Lock()
        self._handed_out = request.offset or 0
        self._epoch = request.epoch
        self._is_over = False
        self._lost: Exception | None = None

    # --- life --------------------------------------------------------------------------------------------------------

    async def __aenter__(self) -> "Attachment":
        """Attach.

        Raises:
            NoSuchSession, TooManyClients, ...: the daemon refused.
            BytesLost: lossless, and the offset asked for is gone.
            ConnectionLost: the connection is gone for good.
        """
        if self._channel is not None:
            raise RuntimeError("an Attachment is entered once; call session.attach() again")
        self._attached = asyncio.get_running_loop().create_future()
        self._channel = self._link.open_channel(self._request, self)
        try:
            await self._attached
        except BaseException:
            self._link.close_channel(self._channel)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Detach. Without an error, what was written is given a moment to reach the program."""
        if error is None and not self._is_over:
            try:
                async with asyncio.timeout(LEAVING_INPUT_TIMEOUT_SECONDS):
                    await self.drain_input()
            except (TimeoutError, PtydError):
                pass
        await self.detach()

    async def detach(self) -> None:
        """End the attachment; the program goes on. What was received can still be read."""
        if self._is_over or self._channel is None:
            return
        self._link.close_channel(self._channel)
        try:
            async with asyncio.timeout(DETACH_TIMEOUT_SECONDS):
                while not self._is_over:
                    await self._wait_for_change()
        except TimeoutError:
            self.lose(None)

    # --- output ------------------------------------------------------------------------------------------------------

    @property
    def epoch(self) -> int | None:
        """Names the log that ``offset`` is a place in."""
        return self._epoch

    @property
    def offset(self) -> int:
        """The next byte to be handed out; with ``epoch``, where another attachment could go on."""
        return self._handed_out

    @property
    def has_control(self) -> bool:
        """Whether this attachment sizes the terminal."""
        return self._channel is not None and self._channel.has_control

    @property
    def answers(self) -> bool:
        """Whether the daemon answers what the program asks its terminal; then this side must not."""
        return self._channel is not None and self._channel.answers

    @property
    def is_locked(self) -> bool:
        """Whether typing does not take control."""
        return self._channel is not None and self._channel.is_locked

    @property
    def is_hidden(self) -> bool:
        """Whether nobody looks at this attachment, as far as the daemon was told."""
        return self._is_hidden

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Chunks of output. A viewer (not lossless) that was given the screen instead of output gets a ``Screen``."""
        return _Chunks(self)

    async def events(self) -> AsyncIterator[AttachmentEvent]:
        """Everything a terminal has to know, in order; ends behind Exited or Detached.

        The first event is Attached. An Attached later on follows a reconnection: its ``epoch`` and ``offset`` say
        whether the output goes on seamlessly. A Snapshot comes whole, however many parts it was sent in.

        Raises:
            ConnectionLost: the connection is gone for good.
        """
        while True:
            try:
                yield await self._next_event()
            except StopAsyncIteration:
                return

    async def _next_event(self) -> AttachmentEvent:
        """The next event; coming here acknowledges the one before."""
        if self._channel is None:
            raise RuntimeError("not attached: use 'async with session.attach() as term'")
        if self._has_screen_out:
            self._channel.consume_snapshot(self._generation)
        self._channel.consume(self._handed_out, self._generation)
        self._link.flush()
        self._has_screen_out = False
        event, self._generation = await self._mailbox.get()
        match event:
            case Output():
                self._handed_out = event.offset + len(event.data)
            case Snapshot():
                self._handed_out = event.offset
                self._has_screen_out = True
            case Attached():
                self._epoch = event.epoch
                self._handed_out = event.offset
            case _:
                pass
        return event

    # --- input -------------------------------------------------------------------------------------------------------

    async def write(self, data: bytes) -> None:
        """Type ``data``. Returns once all of it is numbered and kept until the daemon has taken it; waits while too
        much is on its way. If cancelled, a part may have been accepted.

        Raises:
            AttachmentEnded, ConnectionLost: it is over.
        """
        if not isinstance(data, bytes):
            raise TypeError(f"a terminal takes bytes, not {type(data).__name__}")
        async with self._write_lock:
            written = 0
            while True:
                channel = self._usable_channel()
                written += channel.write(data[written : written + channel.input.free_bytes])
                self._link.flush()
                if written == len(data):
                    return
                await self._wait_for_change()

    async def drain_input(self) -> None:
        """Wait until the daemon has taken everything written: it will reach the program, whatever happens.

        Raises:
            AttachmentEnded, ConnectionLost: it was over before.
        """
        while self._channel is not None and not self._channel.input.is_empty:
            self._usable_channel()
            await self._wait_for_change()

    def resize(self, cols: int, rows: int) -> None:
        """Tell the size that this attachment would like; it becomes the terminal's while this one is in control."""
        self._usable_channel().resize(cols, rows)
        self._link.flush()

    def set_hidden(self, hidden: bool) -> None:
        """Tell whether nobody looks at this attachment: then it gives control up as soon as another could have it."""
        self._usable_channel().set_hidden(hidden)
        self._is_hidden = hidden
        self._link.flush()

    def set_appearance(
        self,
        *,
        foreground: int | None = None,
        background: int | None = None,
        cursor: int | None = None,
        palette: Sequence[int] = (),
        cell_width: int = 0,
        cell_height: int = 0,
        dark: bool | None = None,
    ) -> None:
        """Tell what your terminal looks like: while this attachment is in control, the daemon answers the program's
        questions with it. Each call replaces the one before.

        Args:
            foreground, background, cursor: 0xRRGGBB; None: unknown.
            palette: the first colours of the palette, 0xRRGGBB.
            cell_width, cell_height: of one cell in pixels; 0: unknown.
            dark: the colour scheme that the user prefers.

        Raises:
            BadRequest: a value is out of range.
        """
        fields = (foreground, background, cursor, list(palette), cell_width, cell_height, dark)
        try:
            appearance = msgspec.convert(msgspec.to_builtins(Appearance(1, *fields)), Appearance)
        except msgspec.ValidationError as error:
            raise BadRequest(ErrorCode.BAD_REQUEST, f"set_appearance: {error}") from None
        self._usable_channel().set_appearance(appearance)
        self._link.flush()

    async def lock(self, locked: bool = True) -> None:
        """While a session is locked, typing does not take control of its size; ``take_control`` does."""
        await self._link.request("lock", LockParams(locked=locked, session=self._request.session))

    def take_control(self) -> None:
        """Become the one whose size the terminal has."""
        self._usable_channel().take_control()
        self._link.flush()

    async def _wait_for_change(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    def _usable_channel(self) -> ClientChannel:
        if self._lost is not None:
            raise self._lost
        if self.ended_with is not None:
            raise make_ending(self.ended_with.code, self.ended_with.message)
        if self.exit_status is not None:
            raise AttachmentEnded(ErrorCode.SESSION_EXITED, "the program has ended")
        if self._channel is None or self._is_over:
            raise AttachmentEnded(ErrorCode.DETACHED, "not attached")
        return self._channel

    # --- what the connection says (Receiver) -----------------------------------------------------------------------

    def deliver(self, message: DaemonMessage) -> None:
        match message:
            case Output() | Snapshot() | Resized() | Live() | ControlChanged():
                self._post(message)
            case InputAck():
                self._changed.set()
            case Attached():
                self._post(message)
                self._settle_attach(None)
                self._changed.set()  # it may have told that input was taken whose acknowledgement was lost
            case _ if self._is_over:
                pass
            case Exited():
                self.exit_status = ExitStatus(message.code, message.signal)
                self._finish(message)
            case Detached():
                self.ended_with = message
                self._finish(message)
            case _:
                pass

    def change_state(self, state: LinkState, reason: str) -> None:
        self._post(ConnectionState(state, reason))

    def _post(self, event: AttachmentEvent) -> None:
        self._mailbox.put((event, 0 if self._channel is None else self._channel.generation))

    def lose(self, error: Exception | None) -> None:
        if self._is_over:
            return
        self._lost = error
        self._is_over = True
        self._mailbox.close(error)
        self._settle_attach(error or AttachmentEnded(ErrorCode.DETACHED, "detached"))
        self._changed.set()

    def _finish(self, message: Exited | Detached) -> None:
        self._is_over = True
        self._post(message)
        self._mailbox.close()
        if isinstance(message, Detached):
            self._settle_attach(_explain_refusal(message))
        self._changed.set()

    def _settle_attach(self, error: Exception | None) -> None:
        if self._attached is None or self._attached.done():
            return
        if error is None:
            self._attached.set_result(None)
        else:
            self._attached.set_exception(error)


class _Chunks:
    """The output of an attachment as bytes."""

    def __init__(self, attachment: Attachment) -> None:
        self._attachment = attachment
        self._is_lossless = attachment._request.lossless

    def __aiter__(self) -> "_Chunks":
        return self

    async def __anext__(self) -> bytes:
        attachment = self._attachment
        while True:
            expected = (attachment._epoch, attachment._handed_out)
            is_first = attachment._epoch is None
            event = await attachment._next_event()
            match event:
                case Output():
                    if event.data:
                        return event.data
                case Snapshot():
                    return Screen.of(event)
                case Attached() if self._is_lossless and not is_first:
                    if (event.epoch, event.offset) != expected:
                        raise BytesLost(
                            ErrorCode.OUTPUT_LOST,
                            f"the output goes on at byte {event.offset} of epoch {event.epoch}, but byte"
                            f" {expected[1]} of epoch {expected[0]} was due",
                        )
                case Detached(code=code) if code != ErrorCode.DETACHED:
                    raise make_ending(code, event.message)
                case _:
                    pass


def _explain_refusal(message: Detached) -> Exception:
    if message.code in (ErrorCode.OUTPUT_LOST, ErrorCode.HOLD_ENDED):
        return make_ending(message.code, message.message)
    return make_failure(message.code, message.message)
