"""From the network: single messages, a connection's messages, the frames of a WebSocket, and HTTP."""

import asyncio
import contextlib
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import uvicorn
from ptyd_protocol import codec
from ptyd_protocol.close_codes import CloseCode
from ptyd_protocol.errors import ProtocolError, Refusal
from ptyd_protocol.messages import (
    Ack,
    Appearance,
    Attach,
    Detach,
    Hello,
    Input,
    Message,
    Ping,
    Request,
    Resize,
    TakeControl,
    Visibility,
)
from ptyd_protocol.methods import METHODS
from uvicorn.server import ServerState
from websockets.frames import Frame, Opcode

from ptyd.core.access.principal import OWNER
from ptyd.edge.net.connection import Connection
from ptyd.edge.net.door import UNIX_HOSTS, Door, hosts_of_listener
from ptyd.edge.net.http_app import build_http_app
from ptyd.edge.net.http_protocol import HttpProtocol
from ptyd.edge.net.logins import Logins
from ptyd.edge.net.websocket import WebSocket, make_websocket_class
from tests.fuzz import in_memory
from tests.fuzz.in_memory import LOOP, TRAP, ByteSink, LoopInHand, MessageSink, World, answer_by_params
from tests.fuzz.target import Finding, Target, join_pieces, mutate_bytes, mutate_pieces, split_pieces
from tests.protocol.mutations import MUTATIONS, list_valid_messages

CLIENT_ID = "client-0123456789"
HELLO = codec.encode(Hello([1], "fuzz/1", CLIENT_ID))
ATTACH = codec.encode(Attach(1, "", "control", 80, 24))
CONVERSATIONS: tuple[tuple[Message, ...], ...] = (
    (Input(1, 1, b"ls\r"), Ack(1, 10), Input(1, 2, b"\x03"), Resize(1, 100, 30), Detach(1)),
    (Attach(2, "build", "observe", 80, 24), Ack(2, 5), TakeControl(2, 90, 20), Input(2, 1, b"x"), Detach(1)),
    (Visibility(1, True), Appearance(1), Request(1, "list"), Request(2, "capture", {"format": "text"}), Ping(7)),
    (Attach(3, "", "control", 80, 24, lossless=True), Ack(3, 1), Detach(3), Attach(3, "", "observe", 2, 1)),
    (Request(9, "create", {"argv": ["cat"], "name": "x"}), Request(10, "subscribe"), Ack(1, 0), Ack(1, 20)),
)


def mutate_message(chance: random.Random, data: bytes, valid: Sequence[bytes]) -> bytes:
    return chance.choice(MUTATIONS)(chance, data, [message for message in valid if message] or [HELLO])


# --- one message


def run_message(case: bytes) -> str:
    """What the codec lets through can be written, read again, and given to each method."""
    try:
        message = codec.decode_client_message(case)
    except ProtocolError as error:
        if error.close_code is not CloseCode.BAD_MESSAGE or not error.reason:
            raise Finding(f"refused with {error.close_code}") from error
        return "refused"
    if message is None:
        return "ignored"
    written = codec.encode(message)
    again = codec.decode_client_message(written)
    if again is None or codec.encode(again) != written:
        raise Finding("a message changes when it is written and read again")
    if isinstance(message, Request):
        for method in METHODS:
            with contextlib.suppress(Refusal):
                codec.decode_params(method, message.params)
    return type(message).__name__


# --- one connection


def run_connection(case: bytes) -> str:
    """Messages to a connection that has said Hello and attached, while the program writes."""
    with LoopInHand():
        world, sink = World(), MessageSink()
        connection = Connection(sink, OWNER, world.office)
        heard = []
        for number, message in enumerate(split_pieces(case)):
            connection.receive(message)
            if sink.closed_with is not None:
                break
            world.write_output(b"output %d\r\n" % number)
            heard.append(message[1:2].hex())
        connection.lost()
        world.check_empty()
    TRAP.check()
    if sink.closed_with in (CloseCode.INTERNAL, CloseCode.OVERLOADED):
        raise Finding(f"closed with {sink.closed_with}")
    return f"{sink.closed_with} {'-'.join(heard[:6])} {min(sink.sent, 20)}"


def connection_seeds() -> list[bytes]:
    begin = [HELLO, ATTACH]
    conversations = [join_pieces([*begin, *map(codec.encode, messages)]) for messages in CONVERSATIONS]
    return [*conversations, *(join_pieces([*begin, message]) for message in list_valid_messages("client"))]


# --- frames

UPGRADE = (
    b"GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    b"Sec-WebSocket-Protocol: ptyd.v1\r\n\r\n"
)


def frame(opcode: int, payload: bytes, fin: bool = True) -> bytes:
    """Masked with zeros, so that mutations of the payload are what they seem."""
    data = Frame(Opcode(opcode), payload, fin).serialize(mask=False)
    head = 2 if len(payload) < 126 else 4
    return data[:1] + bytes([data[1] | 0x80]) + data[2:head] + bytes(4) + payload


def run_frames(case: bytes) -> str:
    """Bytes behind the handshake, in pieces as they might come."""
    with LoopInHand():
        world, sink = World(), ByteSink()
        websocket = WebSocket(Door(UNIX_HOSTS, LOGINS, trusts_peer=True), world.office)
        websocket.connection_made(cast(Any, sink))
        websocket.data_received(UPGRADE)
        greeting = len(sink.written)
        for number, piece in enumerate(filter(None, split_pieces(case))):
            websocket.data_received(piece)
            world.write_output(b"output %d\r\n" % number)
            if sink.is_ended:
                break
        websocket.eof_received()
        websocket.connection_lost(None)
        world.check_empty()
    in_memory.drain_output()
    TRAP.check()
    said = bytes(sink.written[greeting:])
    if b"\x03\xf3the daemon failed" in said:
        raise Finding("closed with 1011")
    return f"{sink.is_ended} {min(len(said), 200) // 8}"


def frame_seeds() -> list[bytes]:
    begin = [frame(2, HELLO), frame(2, ATTACH)]
    seeds = [
        join_pieces([*begin, *(frame(2, codec.encode(message)) for message in messages)]) for messages in CONVERSATIONS
    ]
    ping, ack = frame(9, b"ping"), codec.encode(Ack(1, 0))
    fragments = [frame(2 if at == 0 else 0, ack[at : at + 1], at == len(ack) - 1) for at in range(len(ack))]
    return [
        *seeds,
        join_pieces([*begin, *fragments]),
        join_pieces([*begin, fragments[0], ping, *fragments[1:]]),
        join_pieces([*begin, frame(10, b""), frame(8, b"\x03\xe8bye")]),
        join_pieces([*begin, frame(1, b"text"), frame(9, b"x" * 125)]),
        join_pieces([*begin, frame(2, bytes(1000)), frame(8, b"")]),
    ]


# --- HTTP

LOGINS = Logins(Path(tempfile.mkdtemp(prefix="pt-fuzz-")))
TCP_HOST, TCP_PORT = "127.0.0.1", 8080
MOST_ROUNDS = 2000
"""Of the loop, until a request is answered: files are read in threads."""


class Healthy:
    """What the application shows of a daemon that there is not."""

    def find_problems(self) -> list[str]:
        return []

    async def render_metrics(self) -> bytes:
        return b""


class HttpWorld:
    """The real HTTP protocol and application of both kinds of listener, without listeners."""

    def __init__(self) -> None:
        self.state = ServerState()
        self.makers = []
        tcp = Door(hosts_of_listener(TCP_HOST, TCP_PORT), LOGINS, trusts_peer=False)
        for door in (Door(UNIX_HOSTS, LOGINS, trusts_peer=True), tcp):
            config = uvicorn.Config(
                build_http_app(Path("/nonexistent"), door, LOGINS, answer_by_params, Healthy()),
                http=HttpProtocol,
                ws=make_websocket_class(door, World().office),
                lifespan="off",
                access_log=False,
                log_config=None,
                proxy_headers=False,
            )
            config.load()
            self.makers.append(lambda config=config: HttpProtocol(config, self.state, {}))

    async def run(self, case: bytes) -> str:
        trusts = not case or case[0] & 1 == 0
        sink, protocol = ByteSink(), self.makers[0 if trusts else 1]()
        sink.protocol = protocol
        protocol.connection_made(cast(Any, sink))
        for piece in filter(None, split_pieces(case[1:], most=16)):  # nothing is never received: it would be the end
            sink.protocol.data_received(piece)
            await asyncio.sleep(0)
            if sink.is_ended:
                break
        sink.protocol.connection_lost(ConnectionResetError())
        for _ in range(MOST_ROUNDS):
            if not self.state.tasks:
                break
            await asyncio.sleep(0)
        else:
            await asyncio.wait_for(asyncio.gather(*self.state.tasks, return_exceptions=True), 10.0)
        if protocol.timeout_keep_alive_task is not None:
            protocol.timeout_keep_alive_task.cancel()
        in_memory.drain_output()
        statuses = [line[9:12] for line in bytes(sink.written).split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]
        if b"500" in statuses:
            raise Finding("answered with 500")
        TRAP.check()
        return " ".join(status.decode(errors="replace") for status in statuses[:4])


_http_world: list[HttpWorld] = []


def run_http(case: bytes) -> str:
    """The first byte says which listener; then bytes as they might come."""
    if not _http_world:
        LOOP.run_until_complete(_make_http_world())
    return LOOP.run_until_complete(_http_world[0].run(case))


async def _make_http_world() -> None:
    _http_world.append(HttpWorld())


def http_request(line: bytes, *headers: bytes, body: bytes = b"", host: bytes = b"localhost") -> bytes:
    if body:
        headers = (*headers, b"Content-Length: %d" % len(body))
    return b"\r\n".join([line + b" HTTP/1.1", b"Host: " + host, *headers, b"", body])


def http_seeds() -> list[bytes]:
    status = codec.encode(Request(1, "status"))
    host = f"{TCP_HOST}:{TCP_PORT}".encode()
    bearer = b"Authorization: Bearer " + LOGINS.token.encode()
    post = b"POST /api/request"
    chunked = b"\r\n".join([b"%x" % len(status), status, b"0", b"", b""])
    requests = [
        http_request(b"GET /"),
        http_request(b"GET /assets/index.js", b"Range: bytes=0-10"),
        http_request(b"GET /assets/..%2f..%2fdaemon.py"),
        http_request(b"HEAD /nothing?x=1"),
        http_request(b"POST /logout", b"Cookie: ptyd=abc; x=y"),
        http_request(post, b"Content-Type: application/msgpack", body=status),
        http_request(post, b"Expect: 100-continue", b"Connection: close", body=status),
        http_request(post, b"Transfer-Encoding: chunked") + chunked,
        http_request(b"GET /login?ticket=abc"),
        http_request(b"GET /", b"Origin: http://localhost", b"Accept-Encoding: gzip"),
        UPGRADE + frame(2, HELLO) + frame(2, ATTACH),
    ]
    over_tcp = [
        http_request(b"GET /", bearer, host=host),
        http_request(post, bearer, body=status, host=host),
        http_request(b"GET /", b"Cookie: ptyd=" + b"x" * 43, host=host),
        UPGRADE.replace(b"localhost", host),
    ]
    unix = [b"\0" + join_pieces([request]) for request in requests]
    tcp = [b"\1" + join_pieces([request]) for request in over_tcp]
    pipelined = b"\0" + join_pieces([requests[0] + requests[5], requests[5][:40], requests[5][40:]])
    return [*unix, *tcp, pipelined]


def mutate_http(chance: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    """Lines, words and bytes."""
    pieces = split_pieces(data[1:], most=16) or [b""]
    at = chance.randrange(len(pieces))
    lines = pieces[at].split(b"\r\n")
    place = chance.randrange(len(lines))
    match chance.randrange(9):
        case 0:
            lines.insert(place, chance.choice(lines))
        case 1:
            del lines[place]
        case 2:
            lines[place] = lines[place] * chance.choice((2, 3, 50))
        case 3:
            lines.insert(place, chance.choice(HEADERS))
        case 4:
            cut = chance.randrange(len(pieces[at]) + 1)
            pieces[at : at + 1] = [pieces[at][:cut], pieces[at][cut:]]
            return data[:1] + join_pieces(pieces[:16])
        case 5:
            pieces.insert(at, chance.choice(pieces))
            return data[:1] + join_pieces(pieces[:16])
        case _:
            lines[place] = mutate_bytes(chance, lines[place], lines)
    pieces[at] = b"\r\n".join(lines)[:65535]
    return bytes([chance.choice((data[0] if data else 0, chance.randrange(2)))]) + join_pieces(pieces)


HEADERS = (
    *(b"Host: evil.example", b"Host:", b"Content-Length: 5", b"Content-Length: -1", b"Content-Length: 99999999999999"),
    *(
        b"Transfer-Encoding: chunked",
        b"Transfer-Encoding: gzip, chunked",
        b"Connection: Upgrade",
        b"Upgrade: websocket",
    ),
    *(b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA", b"Expect: 100-continue", b"Range: bytes=5-1,-0"),
    *(b"Cookie: ptyd=\xff", b"Cookie: =;;,", b"Authorization: Bearer \xff", b"Authorization: Basic", b"Origin: null"),
    *(b"Content-Encoding: gzip", b"X: " + b"y" * 5000, b" folded", b"\0: \0", b"If-Modified-Since: x", b"TE: trailers"),
    *(b"Sec-WebSocket-Extensions: permessage-deflate", b"Sec-WebSocket-Version: 8", b"Sec-WebSocket-Protocol: x"),
)


def wire_targets() -> list[Target]:
    return [
        Target("message", run_message, list_valid_messages("client"), mutate_message),
        Target("connection", run_connection, connection_seeds(), mutate_pieces(mutate_message)),
        Target("frames", run_frames, frame_seeds(), mutate_pieces(mutate_bytes)),
        Target("http", run_http, http_seeds(), mutate_http),
    ]
