"""``/ws/claude``: a WebSocket of JSON texts for simple clients, on the same door as every other."""

from collections.abc import Mapping

from websockets.frames import Opcode

from ptyd.core.access.principal import Principal
from ptyd.edge.net.door import Door, Turned
from ptyd.edge.net.guests import Guest
from ptyd.edge.net.office import Office
from ptyd.edge.net.run_talk import RunDesk, RunTalk
from ptyd.edge.net.websocket import Talk, WebSocket

CLAUDE_PATH = "/ws/claude"


class ClaudeSocket(WebSocket):
    """Also the TextTransport of its RunTalk."""

    PATH = CLAUDE_PATH
    SUBPROTOCOL = None
    MESSAGES = Opcode.TEXT
    OTHER_MESSAGES = Opcode.BINARY
    FIRST_WORD = "prompt"
    FIRST_WORD_SECONDS = 60.0

    def __init__(self, door: Door, office: Office, guest: Guest | None, desk: RunDesk, timeout_seconds: float) -> None:
        """``timeout_seconds``: of each run."""
        super().__init__(door, office, guest)
        self._desk = desk
        self._timeout_seconds = timeout_seconds

    def _check(self, principal: Principal, headers: Mapping[str, str]) -> None:
        if not principal.may("create"):
            raise Turned(403, f"{principal.name} may not start a run: that takes the right to create")

    def _begin(self, principal: Principal) -> Talk:
        return RunTalk(self, principal, self._office, self._desk, self._timeout_seconds)

    def send_text(self, text: str) -> None:
        if self._may_send():
            self._frames.send_text(text.encode(errors="replace"))
            self._transport.writelines(self._frames.data_to_send())
