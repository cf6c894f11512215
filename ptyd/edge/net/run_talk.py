"""The run of one WebSocket ``/ws/claude`` (PROTOCOL.md, 10.3): one prompt in, the program's lines out, and its end.

It reads the session's log as an attachment of its own, losslessly: a client that reads slowly makes the program wait.
"""

import asyncio
import json
import logging
import re
from typing import Any, Final, Literal, Protocol

import msgspec
from ptyd_protocol import limits
from ptyd_protocol.close_codes import CloseCode
from ptyd_protocol.errors import ErrorCode, Refusal
from ptyd_protocol.messages import Attach, Detached, Exited, Output
from ptyd_protocol.runs import RunInfo, RunParams

from ptyd.core.access.audit import Actor
from ptyd.core.access.principal import Principal
from ptyd.core.viewing.attachment import Attachment
from ptyd.edge import audit
from ptyd.edge.net.office import Office

logger = logging.getLogger("ptyd.run_talk")

MAX_PROMPT_BYTES: Final = 8192
META: Final = re.compile(r"[A-Z0-9_-]+")

CLIENT: Final = "ws/claude"
CHANNEL: Final = 1


class TextTransport(Protocol):
    """A WebSocket of text messages, seen from above."""

    writable: bool
    is_local: bool
    address: str

    def send_text(self, text: str) -> None: ...

    def close(self, code: CloseCode, reason: str) -> None:
        """Say goodbye; ``lost`` follows."""


class RunDesk(Protocol):
    """Where runs are asked for (ptyd/runs.py)."""

    async def submit(self, params: RunParams, principal: Principal, *, is_tied: bool = False) -> RunInfo:
        """Raises Refusal."""

    async def wait_for(self, run_id: str, until: Literal["start", "end"]) -> RunInfo:
        """Raises Refusal: it could not be started, or was dropped."""

    async def abandon(self, run_id: str) -> None:
        """The connection that the run was for has gone."""


class BadWish(Exception):
    """What the client has sent is not what it may send; the text says why."""


def read_wish(data: bytes) -> tuple[str, str]:
    """Prompt and meta.

    Raises:
        BadWish: they are not as they should be.
    """
    try:
        wish = msgspec.json.decode(data, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BadWish("send one JSON object: {prompt,meta}") from None
    prompt, meta = wish.get("prompt"), wish.get("meta")
    if not isinstance(prompt, str) or not prompt.strip():
        raise BadWish("prompt must be a text that is not empty")
    try:
        length = len(prompt.encode())
    except UnicodeEncodeError:
        raise BadWish("prompt must be text in UTF-8") from None
    if length > MAX_PROMPT_BYTES:
        raise BadWish(f"prompt has {length} bytes; {MAX_PROMPT_BYTES} are allowed")
    if not isinstance(meta, str) or not META.fullmatch(meta):
        raise BadWish("meta must match ^[A-Z0-9_-]+$")
    if len(meta) > limits.MAX_LABEL_CHARS:
        raise BadWish(f"meta has {len(meta)} characters; {limits.MAX_LABEL_CHARS} are allowed")
    return prompt, meta


class RunTalk:
    """One connection from its handshake to its end (websocket.py's Talk, office.py's Leaving, and the Outlet of its
    attachment)."""

    def __init__(
        self, transport: TextTransport, principal: Principal, office: Office, desk: RunDesk, timeout_seconds: float
    ) -> None:
        self.principal = principal
        self.is_local = transport.is_local
        self._transport = transport
        self._office = office
        self._desk = desk
        self._timeout_seconds = timeout_seconds
        self._loop = asyncio.get_running_loop()
        self._task: asyncio.Task[None] | None = None
        self._run_id = ""
        self._attachment: Attachment | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._output_over = asyncio.Event()
        """All output was sent, or no more will be."""
        self._failure = ""
        self._line = bytearray()
        self._is_lost = False
        self.actor = Actor(principal.name, CLIENT, transport.address, audit.next_connection_number())
        office.enter(self)
        with audit.acting_as(self.actor):
            audit.note("connected", principal)
        self._send({"info": "send {prompt,meta}"})

    # --- in ---

    @property
    def has_said_hello(self) -> bool:
        return self._task is not None

    def receive(self, data: bytes) -> None:
        """The prompt; nothing more."""
        if self._task is not None:
            self.close(CloseCode.BAD_MESSAGE, "one prompt a connection")
            return
        try:
            prompt, meta = read_wish(data)
        except BadWish as bad:
            self.close(CloseCode.BAD_MESSAGE, str(bad))
            return
        params = RunParams(prompt=prompt, label=meta, partial=False, timeout_seconds=self._timeout_seconds)
        with audit.acting_as(self.actor):
            self._task = self._office.tasks.start(self._run(params), "run of a WebSocket")

    async def _run(self, params: RunParams) -> None:
        try:
            info = await self._desk.submit(params, self.principal, is_tied=True)
            self._run_id = info.id
            audit.note("run_asked", self.principal, run=info.id, state=info.state, resumed=False)
            if self._is_lost:
                await self._desk.abandon(info.id)
                return
            if info.state == "queued":
                self._send({"info": "queued", "position": info.position})
                await self._desk.wait_for(info.id, "start")
            await self._tell(info.id)
        except Refusal as refusal:
            self._fail(refusal.message, refusal.code)
        except Exception:
            logger.exception("the run of a WebSocket failed")
            self._fail("the daemon failed; see its log", ErrorCode.INTERNAL)

    async def _tell(self, run_id: str) -> None:
        """The output, and then the outcome. Raises Refusal."""
        if self._has_gone():
            return
        request = Attach(CHANNEL, run_id, "observe", 80, 24, lossless=True, history=limits.MAX_SEQ)
        client_id = f"ws-claude-{run_id}"
        self._attachment = self._office.attacher.attach(request, CLIENT, client_id, self, self.principal)
        self.resume()
        await self._output_over.wait()
        if self._has_gone():
            return
        outcome = (await self._desk.wait_for(run_id, "end")).outcome
        if self._failure:
            self._fail(self._failure, "failed")
        elif outcome is None or outcome.kind != "success":
            kind = "lost" if outcome is None else outcome.kind
            self._fail("" if outcome is None else outcome.message, kind)
        else:
            self.close(CloseCode.DONE, "done")

    def _has_gone(self) -> bool:
        """Whether nobody is there to be told anything."""
        return self._is_lost

    # --- out ---

    def wake(self, attachment: Attachment) -> None:
        self.resume()

    def resume(self) -> None:
        """Send what there is, as far as the socket takes it."""
        attachment = self._attachment
        while attachment is not None and self._transport.writable and not self._is_lost and not attachment.closed:
            now = self._loop.time()
            message = attachment.next_message(now)
            if message is None:
                due = attachment.waits_until()
                if due is not None and due > now and self._timer is None:
                    self._timer = self._loop.call_at(due, self._resume_later)
                return
            if isinstance(message, Output):
                self._send_lines(bytes(message.data))
                self._office.attacher.acknowledge(attachment, message.offset + len(message.data))
            elif isinstance(message, Exited | Detached):
                self._end_output(message)

    def _resume_later(self) -> None:
        self._timer = None
        self.resume()

    def _send_lines(self, data: bytes) -> None:
        *lines, rest = data.split(b"\n")
        for line in lines:
            self._line += line
            if self._line.strip():
                self._transport.send_text(self._line.decode(errors="replace"))
            self._line.clear()
        self._line += rest
        if len(self._line) > limits.MAX_RUN_LINE_BYTES:
            self._failure = f"the program wrote a line of more than {limits.MAX_RUN_LINE_BYTES} bytes"
            self._line.clear()
            self._leave()
            self._office.tasks.start(self._desk.abandon(self._run_id), "end of an abandoned run")
            self._output_over.set()

    def _end_output(self, message: Exited | Detached) -> None:
        if self._line.strip():
            self._transport.send_text(self._line.decode(errors="replace"))
        if isinstance(message, Detached):
            self._failure = message.message
        self._leave()
        self._output_over.set()

    def _leave(self) -> None:
        attachment, self._attachment = self._attachment, None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if attachment is not None:
            self._office.attacher.leave(attachment, False)

    def _send(self, value: dict[str, Any]) -> None:
        if not self._is_lost:
            self._transport.send_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")))

    def _fail(self, message: str, outcome: str) -> None:
        self._send({"error": message or "the run failed", "outcome": str(outcome)})
        self.close(CloseCode.INTERNAL, message or "the run failed")

    # --- the end ---

    def note_typed(self) -> None:
        """Nobody types here."""

    def close(self, code: CloseCode, reason: str) -> None:
        if not self._is_lost:
            self._office.closed_by_us[code.name.lower()] += 1
            self._transport.close(code, reason)

    def expel(self, reason: str) -> None:
        self.close(CloseCode.UNAUTHENTICATED, reason)
        self.lost()

    def lost(self) -> None:
        """The socket is gone, and the run with it."""
        if self._is_lost:
            return
        self._is_lost = True
        self._leave()
        self._output_over.set()
        self._office.leave(self)
        with audit.acting_as(self.actor):
            if self._run_id:
                self._office.tasks.start(self._desk.abandon(self._run_id), "end of an abandoned run")
            audit.note("disconnected", self.principal)
