"""TLS on the TCP listener: the same wire, and never without where it was with."""

import contextlib
import http.client
import shutil
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ptyd_protocol import limits
from ptyd_protocol.codec import decode_daemon_message, encode
from ptyd_protocol.messages import Exited, Input, Reply, Request
from websockets.sync.client import connect as connect_websocket

from tests.daemon.client import Client, make_client_id
from tests.support.certificates import look_at_fingerprint, make_certificate, trusting_anybody
from tests.support.daemon import PtydUnderTest, RequestFailed, running_ptyd, start_daemon
from tests.support.waiting import wait_for_process_end, wait_until

LINES = 400_000


@pytest.fixture
def ptyd() -> Iterator[PtydUnderTest]:
    with running_ptyd() as ptyd:
        yield ptyd


@contextlib.contextmanager
def connected_by_tls(ptyd: PtydUnderTest, place: dict[str, Any]) -> Iterator[Client]:
    token = ptyd.request("access_token")["token"]
    with connect_websocket(
        f"wss://{place['host']}:{place['port']}/ws",
        ssl=trusting_anybody(),
        additional_headers={"Authorization": f"Bearer {token}"},
        subprotocols=["ptyd.v1"],  # type: ignore[list-item]
        max_size=limits.MAX_DAEMON_MESSAGE_BYTES,
        compression=None,
        ping_interval=None,
        close_timeout=30,
        proxy=None,
    ) as websocket:
        client = Client(websocket, make_client_id())
        client.hello()
        yield client


def speaks_plainly(place: dict[str, Any]) -> bool:
    """Whether somebody answers HTTP without TLS there."""
    connection = http.client.HTTPConnection(place["host"], place["port"], timeout=30)
    try:
        connection.request("GET", "/")
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


def test_every_byte_of_a_flood_and_every_key(ptyd: PtydUnderTest) -> None:
    with connected_by_tls(ptyd, ptyd.request("listen", tls=True)) as client:
        info = client.request("create", argv=["sh", "-c", f"stty raw -echo; printf +; read x; seq {LINES}; cat"])
        client.attach(1, info["id"], lossless=True)
        client.read_until(1, b"+")
        client.send(Input(1, 1, b"\n"))
        wanted = b"+" + b"".join(b"%d\n" % number for number in range(1, LINES + 1))
        assert client.read_until(1, b"%d\n" % LINES)[-len(wanted) :] == wanted
        for seq in range(2, 60):
            client.type(1, seq, b"<%d>" % seq)
        assert b"<58><59>" in client.read_until(1, b"<59>")
        client.request("kill", session=info["id"], grace_seconds=0.1)
        client.wait_for(Exited)


def test_one_shot_and_the_page(ptyd: PtydUnderTest) -> None:
    place = ptyd.request("listen", tls=True)
    token = ptyd.request("access_token")["token"]
    connection = http.client.HTTPSConnection(place["host"], place["port"], context=trusting_anybody(), timeout=30)
    with contextlib.closing(connection):
        connection.request("POST", "/api/request", encode(Request(1, "status")), {"Authorization": f"Bearer {token}"})
        answer = decode_daemon_message(connection.getresponse().read())
        assert isinstance(answer, Reply)
        (listener,) = [one for one in answer.result["listeners"] if one["kind"] == "tcp"]
        assert (listener["tls"], listener["fingerprint"]) == (True, place["fingerprint"])
        ticket = ptyd.request("login_ticket")
        assert ticket["url"].startswith(f"https://{place['host']}:{place['port']}/login")
        connection.request("GET", f"/login?ticket={ticket['ticket']}")
        answered = connection.getresponse()
        answered.read()
        assert "; Secure" in (answered.getheader("set-cookie") or "")


def test_own_certificate_stays_over_a_kill_and_a_new_ptyd(ptyd: PtydUnderTest) -> None:
    place = ptyd.request("listen", tls=True)
    assert look_at_fingerprint(place["host"], place["port"]) == place["fingerprint"]
    assert not speaks_plainly(place)
    kept = ptyd.home / ".local/state/ptyd/tls/self-signed.pem"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    ptyd.wait_for_new_daemon(ptyd.kill_daemon())
    assert look_at_fingerprint(place["host"], place["port"]) == place["fingerprint"]
    assert not speaks_plainly(place)
    assert ptyd.request("listen", tls=True, port=place["port"]) == place
    with pytest.raises(RequestFailed, match="listened on already, with TLS"):
        ptyd.request("listen", port=place["port"])


def test_certificate_that_was_given(ptyd: PtydUnderTest, tmp_path: Path) -> None:
    made = make_certificate(tmp_path, "a box, of mine")
    place = ptyd.request("listen", host="127.0.0.2", tls_cert=str(made.certificate), tls_key=str(made.key))
    assert place["fingerprint"] == look_at_fingerprint("127.0.0.2", place["port"]) == made.fingerprint
    ptyd.wait_for_new_daemon(ptyd.kill_daemon())
    assert look_at_fingerprint("127.0.0.2", place["port"]) == made.fingerprint
    # Renewed files count from the next daemon on.
    renewed = make_certificate(tmp_path, "a box, of mine")
    ptyd.wait_for_new_daemon(ptyd.kill_daemon())
    assert look_at_fingerprint("127.0.0.2", place["port"]) == renewed.fingerprint


def test_unusable_certificate_is_refused(ptyd: PtydUnderTest, tmp_path: Path) -> None:
    made = make_certificate(tmp_path)
    with pytest.raises(RequestFailed, match=r"unavailable: the certificate .* cannot be used"):
        ptyd.request("listen", tls_cert=str(made.certificate), tls_key=str(tmp_path / "nothing"))
    assert [one["kind"] for one in ptyd.request("status")["listeners"]] == ["unix"]


def test_lost_certificate_closes_the_door_and_never_opens_it_plainly(ptyd: PtydUnderTest, tmp_path: Path) -> None:
    made = make_certificate(tmp_path)
    place = ptyd.request("listen", tls_cert=str(made.certificate), tls_key=str(made.key))
    made.key.unlink()
    ptyd.wait_for_new_daemon(ptyd.kill_daemon())
    assert [one["kind"] for one in ptyd.request("status")["listeners"]] == ["unix"]
    wait_until(lambda: not can_connect(place), what="the keeper to let go of the socket")


def can_connect(place: dict[str, Any]) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex((place["host"], place["port"])) == 0


def test_configured_listener(tmp_path: Path) -> None:
    made = make_certificate(tmp_path)
    with running_ptyd(
        PTYD_LISTEN="127.0.0.1:0",
        PTYD_LISTEN_TLS="true",
        PTYD_TLS_CERT=str(made.certificate),
        PTYD_TLS_KEY=str(made.key),
    ) as ptyd:
        (listener,) = [one for one in ptyd.request("status")["listeners"] if one["kind"] == "tcp"]
        assert (listener["tls"], listener["fingerprint"]) == (True, made.fingerprint)
        with connected_by_tls(ptyd, ptyd.request("listen", tls=True)) as client:
            assert client.request("status")["sessions"] == 0
            # The daemon's end is told properly, and the socket ends with it.
            pid = ptyd.daemon_pid()
            client.request("restart")
            assert client.wait_close()[0] == 1012
            wait_for_process_end(pid)
            start_daemon(ptyd.runtime_dir)


def test_configured_listener_off_loopback_needs_tls() -> None:
    with running_ptyd(PTYD_LISTEN="192.0.2.1:0") as ptyd:
        assert [one["kind"] for one in ptyd.request("status")["listeners"]] == ["unix"]
        assert "not a loopback address" in (ptyd.runtime_dir / "daemon.log").read_text()


def test_state_directory_that_is_gone_is_made_again(ptyd: PtydUnderTest) -> None:
    place = ptyd.request("listen", tls=True)
    shutil.rmtree(ptyd.home / ".local")
    ptyd.wait_for_new_daemon(ptyd.kill_daemon())
    assert look_at_fingerprint(place["host"], place["port"]) != place["fingerprint"]
