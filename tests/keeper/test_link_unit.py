"""One end of a keeper's connection, without a keeper: what the kernel does to it at the worst moments."""

import errno
import os
import socket
from typing import Any

import pytest

from ptyd.keeper.link import Link
from ptyd.keeper.loop import Loop
from ptyd.keeper.wire import Message, WireError, decode, encode


class Recorder:
    """A link on one end of a socket pair, and what it has told."""

    def __init__(self) -> None:
        self.loop = Loop()
        self.peer, sock = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.messages: list[Message] = []
        self.is_closed = False
        self.link = Link(self.loop, sock, self._on_message, self._on_closed)
        self.sock = sock

    def _on_message(self, _link: Link, message: Message, _fds: list[int]) -> None:
        self.messages.append(message)

    def _on_closed(self, _link: Link) -> None:
        self.is_closed = True
        self.loop.stop()


def test_datagrams_of_a_peer_that_died_without_reading_ours() -> None:
    recorder = Recorder()
    recorder.link.send({"event": "never read"})
    recorder.peer.send(encode({"n": 1}))
    recorder.peer.send(encode({"n": 2}))
    recorder.peer.close()
    recorder.link.send({"event": "to a dead peer"})
    recorder.link.drain()
    assert recorder.messages == [{"n": 1}, {"n": 2}]
    assert recorder.is_closed


def test_datagrams_wait_for_a_peer_that_does_not_read() -> None:
    recorder = Recorder()
    recorder.peer.setblocking(False)
    count = 300
    read_end, write_end = os.pipe()
    for number in range(count):
        recorder.link.send({"n": number, "padding": "x" * 20_000}, [write_end] if number == count - 1 else [])
    os.close(write_end)  # the link has its own, until the datagram has gone
    received = []

    def read_one() -> None:
        datagram, fds, _, _ = socket.recv_fds(recorder.peer, 65536, 1)
        received.append(decode(datagram)["n"])
        if fds:
            os.write(fds[0], b"came through")
            os.close(fds[0])
            recorder.loop.stop()

    recorder.loop.watch(recorder.peer, read_one)
    recorder.loop.run()
    assert received == list(range(count))
    assert os.read(read_end, 100) == b"came through"
    assert os.read(read_end, 100) == b"", "and closed its own"
    os.close(read_end)


def test_shortage_is_asked_again_without_spinning() -> None:
    loop = Loop()
    peer, sock = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    short = ShortSocket(fileno=sock.detach())
    link = Link(loop, short, lambda *_: None, lambda *_: None)
    link.send({"event": "late"})
    loop.watch(peer, loop.stop)
    loop.run()
    assert decode(peer.recv(1000)) == {"event": "late"}
    assert short.refusals == 0
    link.close()
    peer.close()


class ShortSocket(socket.socket):
    """The kernel refuses for a while, although the selector says that the socket is writable."""

    refusals = 3

    def sendmsg(self, *arguments: Any) -> int:
        if self.refusals:
            self.refusals -= 1
            raise OSError(errno.ETOOMANYREFS, os.strerror(errno.ETOOMANYREFS))
        return super().sendmsg(*arguments)


def test_failing_handler_does_not_close_the_link(caplog: pytest.LogCaptureFixture) -> None:
    recorder = Recorder()
    recorder.link._on_message = fail  # type: ignore[assignment]
    recorder.peer.send(encode({}))
    assert recorder.link.receive()
    assert recorder.link.is_open
    assert "meant to fail" in caplog.text


def fail(*_arguments: object) -> None:
    raise RuntimeError("meant to fail")


def test_closed_link_takes_no_more() -> None:
    recorder = Recorder()
    recorder.link.close()
    recorder.link.close()
    recorder.link.send({"event": "nowhere"})
    assert not recorder.link.receive()
    assert recorder.peer.recv(100) == b""


@pytest.mark.parametrize("datagram", [b"", b"[]", b"1", b"\xff", b"[" * 100_000])
def test_what_is_no_message(datagram: bytes) -> None:
    with pytest.raises(WireError):
        decode(datagram)


def test_bytes_that_are_no_utf8_pass() -> None:
    message = {"cwd": os.fsdecode(b"/\xff"), "name": "ü\x1b"}
    assert decode(encode(message)) == message
