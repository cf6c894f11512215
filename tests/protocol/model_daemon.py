"""A daemon with one session and nothing else, in memory: what the sans-I/O ends of a connection are tried with."""

from dataclasses import dataclass, field

from ptyd_protocol.limits import MAX_OUTPUT_BYTES
from ptyd_protocol.messages import (
    Ack,
    Appearance,
    Attach,
    Attached,
    AttachMode,
    ClientMessage,
    DaemonMessage,
    Detach,
    Detached,
    Exited,
    Hello,
    Input,
    InputAck,
    Live,
    Output,
    Ping,
    Pong,
    Reply,
    Request,
    Resize,
    Snapshot,
    TakeControl,
    Visibility,
    Welcome,
)
from ptyd_protocol.server_connection import ServerConnection

EPOCH = 3


@dataclass
class ModelChannel:
    sent: int
    acked: int
    window: int
    live_at: int
    is_live: bool = False
    lossless: bool = True
    owed_bytes: int = 0
    """Of a Snapshot that was not yet acknowledged."""


@dataclass
class ModelDaemon:
    """Remembers over all connections what the session wrote and which Inputs were taken."""

    log: bytearray = field(default_factory=bytearray)
    taken: bytearray = field(default_factory=bytearray)
    last_seq: dict[int, int] = field(default_factory=dict)
    exit_code: int | None = None
    part_bytes: int = 700
    """The size of a Snapshot's parts. A screen is simply all the output so far."""


class ModelConnection:
    """The daemon's end of one connection. ``outbox``: the messages on their way to the client."""

    def __init__(self, daemon: ModelDaemon) -> None:
        self.outbox: list[bytes] = []
        self._daemon = daemon
        self._protocol = ServerConnection()
        self._channels: dict[int, ModelChannel] = {}

    def receive(self, data: bytes) -> None:
        """Raises ProtocolError."""
        message = self._protocol.receive(data)
        if message is not None:
            self._act_on(message)

    def _act_on(self, message: ClientMessage) -> None:
        daemon = self._daemon
        match message:
            case Hello():
                self._send(Welcome(1, "model", "owner", {}, 15))
            case Attach(channel=number):
                self._attach(message, daemon.last_seq.setdefault(number, 0))
            case Input(channel=number, seq=seq, data=data):
                if seq == daemon.last_seq[number] + 1:
                    daemon.last_seq[number] = seq
                    daemon.taken += data
                self._send(InputAck(number, seq))
            case Ack(channel=number, offset=offset):
                channel = self._channels[number]
                if offset >= channel.acked:
                    channel.acked, channel.owed_bytes = offset, 0
            case Detach(channel=number):
                del self._channels[number]
                self._send(Detached(number, "detached", ""))
            case Request(id=request_id):
                self._send(Reply(request_id))
            case Ping(nonce=nonce):
                self._send(Pong(nonce))
            case Resize() | TakeControl() | Visibility() | Appearance():
                pass

    def _attach(self, message: Attach, last_seq: int) -> None:
        head = len(self._daemon.log)
        has_screen = message.offset is None and not message.lossless
        start = message.offset or 0 if not has_screen else head
        channel = ModelChannel(start, start, message.window, head, lossless=message.lossless)
        self._channels[message.channel] = channel
        mode: AttachMode = "snapshot" if has_screen else "exact"
        self._send(Attached(message.channel, "1a2b3c4d", "s", EPOCH, mode, start, 80, 24, None, False, last_seq))
        if has_screen:
            self._send_screen(message.channel, channel)

    def resync(self) -> None:
        """Give each viewer that has acknowledged its last screen a new one."""
        for number, channel in self._channels.items():
            if not channel.lossless and channel.owed_bytes == 0:
                self._send_screen(number, channel)

    def _send_screen(self, number: int, channel: ModelChannel) -> None:
        screen, size = bytes(self._daemon.log), self._daemon.part_bytes
        channel.sent = channel.acked = channel.owed_bytes = len(screen)
        for start in range(0, max(1, len(screen)), size):
            more = start + size < len(screen)
            part = screen[start : start + size]
            self._send(Snapshot(number, len(screen), 80, 24, part, "screen", more))

    def pump(self, most_bytes: int) -> None:
        """Send what is due, at most ``most_bytes`` of output in one message."""
        for number, channel in list(self._channels.items()):
            stop = len(self._daemon.log) if channel.is_live else channel.live_at
            credit = channel.window - (channel.sent - channel.acked) - channel.owed_bytes
            length = min(most_bytes, MAX_OUTPUT_BYTES, credit, stop - channel.sent)
            if length > 0:
                data = bytes(self._daemon.log[channel.sent : channel.sent + length])
                self._send(Output(number, channel.sent, data))
                channel.sent += length
            elif not channel.is_live and channel.sent >= channel.live_at:
                channel.is_live = True
                self._send(Live(number, channel.sent))
            elif self._daemon.exit_code is not None and channel.sent == len(self._daemon.log):
                del self._channels[number]
                self._send(Exited(number, channel.sent, self._daemon.exit_code))

    def _send(self, message: DaemonMessage) -> None:
        self.outbox.append(self._protocol.send(message))
