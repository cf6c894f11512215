"""A session shown in the outer terminal: output to it, keys from it, until either side ends."""

import asyncio
import contextlib
import signal
from collections.abc import Iterator

from ptyd_protocol.messages import (
    Appearance,
    Attached,
    ControlChanged,
    Detached,
    Exited,
    Live,
    Output,
    Resized,
    Snapshot,
)
from ptyd_sdk import Session
from ptyd_sdk.attachment import Attachment, AttachmentEvent, ConnectionState
from ptyd_sdk.errors import AttachmentEnded, PtydError

from ptyd_cli.attach import endings
from ptyd_cli.attach.asker import Asker
from ptyd_cli.attach.clipboard_filter import ClipboardFilter
from ptyd_cli.attach.detach_chord import ChordDetector, DetachKeys
from ptyd_cli.attach.endings import Ending
from ptyd_cli.attach.key_codes import has_key
from ptyd_cli.attach.outer_terminal import OuterTerminal, TerminalGone
from ptyd_cli.attach.painter import Painter
from ptyd_cli.attach.query_filter import QueryFilter
from ptyd_cli.calls import keeper_runs

MAX_TYPED_BYTES = 1024 * 1024
"""Keys kept for a program that does not read. Until there are so many, the detach chord is still found."""

SPLIT_SEQUENCE_SECONDS = 0.05
"""A sequence that a slow line has cut in two is whole again after this; what is not was a key of its own."""

NOTICE_SECONDS = 3.0
"""The title says so long that the connection is back."""

KEEPER_LOOK_SECONDS = 1.0
"""While the daemon is away: how often to look whether anybody is left to start it."""

FAREWELL_SECONDS = 1.0
"""What was typed before detaching has so long to reach the daemon."""

_ENDING_SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT)


class SessionView:
    """One run of showing one session. ``answers_replay``: nobody has seen its output yet, as right after
    `ptyd new`. ``may_copy``: the session's programs may fill the clipboard of the terminal."""

    def __init__(
        self,
        terminal: OuterTerminal,
        session: Session,
        attachment: Attachment,
        keys: DetachKeys | None,
        *,
        is_observer: bool,
        answers_replay: bool,
        may_copy: bool = False,
    ) -> None:
        self._terminal = terminal
        self._attachment = attachment
        self._name = session.name
        self._keys = keys
        self._detector = ChordDetector(keys)
        self._asker = Asker(terminal, self._take_keys, self._tell_appearance)
        self._filter = QueryFilter()
        self._clipboard = None if may_copy else ClipboardFilter()
        self._painter = Painter(terminal, session, self._shows_other_size, self._write_output)
        self._size = terminal.size()
        """Of the session."""
        self._shown_until = 0
        """The offset of the next byte of output that the terminal has not been given."""
        self._is_observer = is_observer
        self._is_live = answers_replay
        self._daemon_answers = False
        self._has_attached = False
        self._is_connected = True
        self._typed = bytearray()
        self._has_typed = asyncio.Event()
        self._is_reading = False
        self._flush_timer: asyncio.TimerHandle | None = None
        self._notice_timer: asyncio.TimerHandle | None = None
        self._keeper_timer: asyncio.TimerHandle | None = None
        self._ending: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()

    async def run(self) -> Ending:
        """Show the session until it, the user or the terminal ends that. Enters and leaves the terminal."""
        with self._signals():
            self._terminal.enter()
            self._asker.ask()
            try:
                async with asyncio.TaskGroup() as tasks:
                    show = tasks.create_task(self._show_output())
                    send = tasks.create_task(self._send_keys())
                    paint = tasks.create_task(self._paint())
                    self._read_keys()
                    ending = await self._ending
                    show.cancel()
                    send.cancel()
                    paint.cancel()
                if self._is_reading:
                    await self._asker.settle()
            finally:
                self._stop_reading()
                self._asker.close()
                for timer in (self._flush_timer, self._notice_timer, self._keeper_timer):
                    if timer is not None:
                        timer.cancel()
                self._terminal.leave()
        await self._say_farewell()
        return ending

    def _end(self, ending: Ending) -> None:
        if not self._ending.done():
            self._ending.set_result(ending)

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in _ENDING_SIGNALS:
            loop.add_signal_handler(number, self._end_by_signal, number)
        loop.add_signal_handler(signal.SIGWINCH, self._follow_size)
        loop.add_signal_handler(signal.SIGCONT, self._terminal.set_raw)
        try:
            yield
        finally:
            for number in (*_ENDING_SIGNALS, signal.SIGWINCH, signal.SIGCONT):
                loop.remove_signal_handler(number)

    def _end_by_signal(self, number: int) -> None:
        self._end(endings.ended_by_signal(self._name, number))

    def _follow_size(self) -> None:
        with contextlib.suppress(PtydError):
            self._attachment.resize(*self._terminal.size())
        self._asker.follow_size()
        self._painter.look()

    def _tell_appearance(self, appearance: Appearance) -> None:
        """The daemon answers the session's questions with it."""
        with contextlib.suppress(PtydError):
            self._attachment.set_appearance(
                foreground=appearance.foreground,
                background=appearance.background,
                cursor=appearance.cursor,
                palette=appearance.palette,
                cell_width=appearance.cell_width,
                cell_height=appearance.cell_height,
                dark=appearance.dark,
            )

    # --- output ---

    async def _show_output(self) -> None:
        try:
            async for event in self._attachment.events():
                await self._show_event(event)
                # A terminal as fast as the session would otherwise keep the keys waiting.
                await asyncio.sleep(0)
        except TerminalGone:
            self._end(endings.hung_up(self._name))
        except PtydError as error:
            self._end(endings.lost(self._name, error))
        # The stream has ended behind Exited or Detached; whoever else ends it has set an ending.
        self._end(endings.detached_from(self._name))

    async def _show_event(self, event: AttachmentEvent) -> None:
        match event:
            case Output():
                await self._painter.show(event)
                self._asker.ask_what_is_due()
            case Attached():
                await self._begin(event)
            case Snapshot():
                # The next look for an event acknowledges it: by then the terminal has taken it.
                await self._painter.show(event)
            case Resized(cols=cols, rows=rows):
                self._note_size(cols, rows)
            case Live():
                self._is_live = True
                self._choose_filter()
            case ControlChanged():
                self._choose_filter()
                self._painter.look()
            case ConnectionState():
                self._note_connection(event)
            case Exited():
                self._end(endings.exited(event))
            case Detached():
                self._end(endings.closed_by_daemon(self._name, event))

    def _sift(self, data: bytes) -> bytes:
        """What of the output the terminal may see."""
        if self._clipboard is None:
            return self._filter.feed(data)
        was_told = self._clipboard.attempts > 0
        data = self._filter.feed(self._clipboard.feed(data))
        if self._clipboard.attempts and not was_told:
            hint = f"ptyd: {self._name} wants to fill the clipboard and may not (--clipboard=allow)"
            asyncio.get_running_loop().call_soon(self._show_notice, hint)  # behind this output
        return data

    def _reset_filters(self) -> None:
        self._filter.reset()
        if self._clipboard is not None:
            self._clipboard.reset()

    async def _write_output(self, event: Output | Snapshot) -> None:
        """Pass it on to the terminal, but for what that shows already."""
        if isinstance(event, Snapshot):
            self._reset_filters()
            await self._terminal.restore(self._sift(event.data))
            self._shown_until = event.offset
            return
        end = event.offset + len(event.data)
        if end > self._shown_until:
            await self._terminal.write(self._sift(event.data[max(0, self._shown_until - event.offset) :]))
            self._shown_until = end

    async def _paint(self) -> None:
        with contextlib.suppress(TerminalGone):
            await self._painter.run()

    def _shows_other_size(self) -> bool:
        """Only what the daemon's engine knows can be painted."""
        self._painter.settles = self._attachment.has_control
        return self._daemon_answers and self._size != self._terminal.size()

    async def _begin(self, attached: Attached) -> None:
        self._name = attached.name
        self._daemon_answers = attached.answers
        if self._has_attached:
            self._is_live = False
            if attached.mode == "tail":
                self._reset_filters()
                await self._terminal.reset()
            self._note_return()
        self._has_attached = True
        self._shown_until = attached.offset
        self._choose_filter()
        self._note_size(attached.cols, attached.rows)

    def _note_size(self, cols: int, rows: int) -> None:
        """Of another size than the terminal, it is painted. Without the daemon's help a larger one cannot be shown
        right, and while somebody else is in control it stays so: say why it looks as it does."""
        self._size = cols, rows
        self._painter.look()
        own_cols, own_rows = self._terminal.size()
        is_larger = cols > own_cols or rows > own_rows
        if is_larger and not self._daemon_answers and not self._attachment.has_control:
            self._show_notice(
                f"ptyd: {self._name} has {cols}x{rows} cells, this window {own_cols}x{own_rows}: make it larger"
            )

    def _choose_filter(self) -> None:
        """Questions pass only to the terminal that may answer: none where the daemon does; else the controller's,
        and only what is asked now."""
        may_answer = not self._daemon_answers and not self._is_observer and self._attachment.has_control
        self._filter.passing = self._is_live and may_answer

    # --- the connection ---

    def _note_connection(self, event: ConnectionState) -> None:
        if event.state == "reconnecting" and self._is_connected:
            self._is_connected = False
            self._cancel_notice()
            self._terminal.show_notice(f"ptyd: connection lost, reconnecting to {self._name} ...")
            self._look_for_keeper_later()

    def _note_return(self) -> None:
        self._is_connected = True
        if self._keeper_timer is not None:
            self._keeper_timer.cancel()
        self._show_notice(f"ptyd: reconnected to {self._name}")

    def _show_notice(self, text: str) -> None:
        """For a moment."""
        self._terminal.show_notice(text)
        self._cancel_notice()
        self._notice_timer = asyncio.get_running_loop().call_later(NOTICE_SECONDS, self._terminal.end_notice)

    def _cancel_notice(self) -> None:
        if self._notice_timer is not None:
            self._notice_timer.cancel()

    def _look_for_keeper_later(self) -> None:
        self._keeper_timer = asyncio.get_running_loop().call_later(KEEPER_LOOK_SECONDS, self._look_for_keeper)

    def _look_for_keeper(self) -> None:
        """Without a keeper nobody holds the session any more: waiting would be in vain."""
        if keeper_runs():
            self._look_for_keeper_later()
        else:
            self._end(endings.lost(self._name, PtydError("ptyd has been stopped, and its sessions with it")))

    async def _say_farewell(self) -> None:
        """What was typed before the end still goes; a daemon that is away is not waited for."""
        if self._is_connected:
            with contextlib.suppress(TimeoutError, PtydError):
                async with asyncio.timeout(FAREWELL_SECONDS):
                    if self._typed:
                        await self._attachment.write(bytes(self._typed))
                    await self._attachment.drain_input()
        await self._attachment.detach()

    # --- keys ---

    def _read_keys(self) -> None:
        self._is_reading = True
        self._terminal.start_reading(self._asker.take, lambda: self._end(endings.hung_up(self._name)))

    def _stop_reading(self) -> None:
        if self._is_reading:
            self._terminal.stop_reading()
            self._is_reading = False

    def _take_keys(self, data: bytes) -> None:
        if self._flush_timer is not None:
            self._flush_timer.cancel()
            self._flush_timer = None
        self._forward(self._detector.feed(data))
        if self._detector.detached:
            self._end(endings.detached_from(self._name))
        elif self._detector.partial == b"\x1b" and not self._terminal.has_enhanced_keyboard:
            # Escape must not lag, and in this mode nothing that matters begins with it.
            self._forward(self._detector.flush_partial())
        elif self._detector.partial:
            loop = asyncio.get_running_loop()
            self._flush_timer = loop.call_later(SPLIT_SEQUENCE_SECONDS, self._flush_partial)

    def _flush_partial(self) -> None:
        self._forward(self._detector.flush_partial())

    def _forward(self, data: bytes) -> None:
        if self._is_observer:
            self._hint_at_read_only(data)
            return
        if not data:
            return
        self._typed += data
        self._has_typed.set()
        if len(self._typed) > MAX_TYPED_BYTES:
            self._stop_reading()

    def _hint_at_read_only(self, keys: bytes) -> None:
        if self._is_connected and has_key(keys):
            leave = "" if self._keys is None else f"; {self._keys} detaches"
            self._show_notice(f"ptyd: {self._name} is only watched here, keys are ignored{leave}")

    async def _send_keys(self) -> None:
        while True:
            await self._has_typed.wait()
            self._has_typed.clear()
            data = bytes(self._typed)
            self._typed.clear()
            try:
                await self._attachment.write(data)
            except AttachmentEnded:
                return  # the output's end says how
            except PtydError as error:
                self._end(endings.lost(self._name, error))
                return
            if not self._is_reading and not self._ending.done():
                self._read_keys()
