"""What of ``/ws/claude`` needs no program: the greeting, and who says nothing. More is in ``tests/runs``."""

import asyncio
import json
from pathlib import Path
from typing import Any, cast

from ptyd_protocol.close_codes import CloseCode
from websockets.client import ClientProtocol
from websockets.frames import Close, Frame, Opcode
from websockets.uri import parse_uri

from ptyd.core.events import EventHub
from ptyd.edge.net.claude_socket import ClaudeSocket
from ptyd.edge.net.door import UNIX_HOSTS, Door
from ptyd.edge.net.logins import Logins
from ptyd.edge.net.office import Office
from ptyd.edge.tasks import Tasks
from tests.edge.net.test_websocket import NotebookTransport


def read_frames(protocol: ClientProtocol, transport: NotebookTransport) -> list[Frame]:
    data, transport.written = transport.written, b""
    protocol.receive_data(data)
    return [event for event in protocol.events_received() if isinstance(event, Frame)]


async def test_who_says_nothing(tmp_path: Path) -> None:
    async def answer(caller: Any, request: Any) -> Any:
        raise AssertionError("no requests here")

    office = Office(cast(Any, None), answer, EventHub().unsubscribe, Tasks(), (10.0, 60.0))
    door = Door(UNIX_HOSTS, Logins(tmp_path), trusts_peer=True)
    transport = NotebookTransport()
    socket = ClaudeSocket(door, office, None, cast(Any, None), 300.0)
    socket.connection_made(cast(Any, transport))
    protocol = ClientProtocol(parse_uri("ws://localhost/ws/claude"))
    protocol.send_request(protocol.connect())
    socket.data_received(b"".join(protocol.data_to_send()))
    [greeting] = read_frames(protocol, transport)
    assert greeting.opcode is Opcode.TEXT
    assert bytes(greeting.data) == b'{"info":"send {prompt,meta}"}'
    assert json.loads(bytes(greeting.data)) == {"info": "send {prompt,meta}"}
    assert len(office.connections) == 1

    now = asyncio.get_running_loop().time()
    socket.beat(now + 30)
    assert Opcode.CLOSE not in [frame.opcode for frame in read_frames(protocol, transport)]
    socket.data_received(Frame(Opcode.PONG, b"").serialize(mask=True))
    socket._heard_at = now + 61  # its pongs come
    socket.beat(now + 61)
    [close] = [frame for frame in read_frames(protocol, transport) if frame.opcode is Opcode.CLOSE]
    assert Close.parse(bytes(close.data)) == Close(CloseCode.BAD_MESSAGE, "no prompt within 60 s")
    socket.connection_lost(None)
    assert not office.connections
    assert not office.sockets
    transport.close()
