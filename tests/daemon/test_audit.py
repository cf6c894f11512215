"""The audit of a real daemon: who did what, and no secret."""

import base64
import contextlib
import http.client
import json
import secrets
import signal
import stat
from collections.abc import Iterator
from typing import Any

import pytest
from ptyd_protocol.messages import Detach, Exited, Input, Resize

from tests.daemon.client import Client
from tests.daemon.conftest import Connect, Create
from tests.support.daemon import PtydUnderTest, RequestFailed, running_ptyd
from tests.support.waiting import wait_until


@pytest.fixture(scope="module")
def ptyd() -> Iterator[PtydUnderTest]:
    with running_ptyd(PTYD_AUDIT_TYPED_SECONDS="1", PTYD_AUDIT_BYTES="65536", PTYD_AUDIT_FILES="50") as ptyd:
        yield ptyd


def read_audit(ptyd: PtydUnderTest, session: str | None = None) -> list[dict[str, Any]]:
    data, position = b"", None
    while True:
        piece = ptyd.request("audit_read", position=position)
        position = piece["position"]
        data += piece["data"]
        if not piece["data"]:
            records = [json.loads(line) for line in data.splitlines()]
            return [record for record in records if session is None or record["session"] == session]


def wait_for(ptyd: PtydUnderTest, event: str, session: str | None = None, **facts: object) -> dict[str, Any]:
    def find() -> dict[str, Any]:
        found = (
            one for one in read_audit(ptyd, session) if one["event"] == event and facts.items() <= one["facts"].items()
        )
        return next(found, {})

    return wait_until(find, what=lambda: f"{event} {facts} in {read_audit(ptyd, session)[-20:]}")


def test_a_session_from_its_beginning_to_its_end(ptyd: PtydUnderTest, client: Client, create: Create) -> None:
    session = create("cat", "-", name="whole")["id"]
    created = wait_for(ptyd, "created", session, program="cat", arguments=1, kind="command")
    assert (created["principal"], created["name"], created["address"]) == ("owner", "whole", "unix")
    client.attach(1, session)
    client.type(1, 1, b"first\n")
    client.type(1, 2, b"and more\n")
    typed = wait_for(ptyd, "typed", session, messages=2, bytes=15, channel=1)
    attached = wait_for(ptyd, "attached", session, role="control", channel=1)
    assert attached["client"] == "test/1"
    assert attached["connection"] == typed["connection"] > 0
    for cols in (90, 91, 92):
        client.send(Resize(1, cols, 30))
    assert wait_for(ptyd, "resized", session, cols=92)["facts"]["times"] == 3
    client.request("resize", session=session, cols=70, rows=20)
    wait_for(ptyd, "resized", session, cols=70, rows=20, times=1)
    client.request("lock", session=session, locked=True)
    client.request("rename", session=session, name="renamed")
    assert wait_for(ptyd, "renamed", session, was="whole")["name"] == "renamed"
    ptyd.request("send", session=session, data=b"by request\n")
    wait_for(ptyd, "typed", session, bytes=11, channel=None)
    client.type(1, 3, b"last\n")
    client.send(Detach(1))
    assert wait_for(ptyd, "detached", session)["facts"] == {"channel": 1, "reason": "detached"}
    ptyd.request("signal", session=session, signal="INT")
    wait_for(ptyd, "signalled", session, signal="INT")
    wait_for(ptyd, "exited", session, signal=signal.SIGINT)
    events = [record["event"] for record in read_audit(ptyd, session)]
    assert events.count("typed") == 3
    assert {"locked", "attached", "resized"} <= set(events)


def test_kill_and_a_lost_connection(ptyd: PtydUnderTest, connect: Connect, create: Create) -> None:
    session = create("sleep", "1000")["id"]
    lost, stays = connect(), connect()
    lost.attach(3, session)
    lost.socket.socket.shutdown(2)
    wait_for(ptyd, "detached", session, reason="connection_lost")
    wait_for(ptyd, "disconnected")
    stays.attach(1, session)
    stays.request("kill", session=session, grace_seconds=0.1)
    stays.wait_for(Exited)
    wait_for(ptyd, "detached", session, reason="exited")
    wait_for(ptyd, "killed", session, grace_seconds=0.1)


def test_refusals(ptyd: PtydUnderTest, client: Client, create: Create) -> None:
    with pytest.raises(RequestFailed):
        client.request("kill", session="no-such-session")
    wait_for(ptyd, "refused", asked="kill", code="no_such_session")
    client.try_attach(1, "nor-such-a-one")
    wait_for(ptyd, "refused", asked="attach", code="no_such_session")
    session = create("cat")["id"]
    client.attach(2, session, role="observe")
    client.send(Input(2, 1, b"x"))
    wait_for(ptyd, "detached", session, reason="not_allowed")


def test_strangers(ptyd: PtydUnderTest) -> None:
    port = ptyd.request("listen")["port"]
    wait_for(ptyd, "listening", port=port)

    def ask(path: str, **headers: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            connection.request("GET", path, headers=headers)
            return connection.getresponse().status
        finally:
            connection.close()

    assert ask("/?token=abc", **{"User-Agent": "me\x1b[31m"}) == 401
    turned = wait_for(ptyd, "turned_away", status=401, path="/", websocket=False)
    assert turned["address"].startswith("127.0.0.1:")
    assert turned["principal"] == ""
    key = base64.b64encode(secrets.token_bytes(16)).decode()
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Key": key, "Sec-WebSocket-Version": "13"}
    assert ask("/ws", **upgrade) == 401
    wait_for(ptyd, "turned_away", status=401, path="/ws", websocket=True)
    assert ask("/login?ticket=guessed") == 401
    wait_for(ptyd, "login_refused")
    ticket = ptyd.request("login_ticket")["ticket"]
    assert ask(f"/login?ticket={ticket}") == 200
    wait_for(ptyd, "login")


def test_it_goes_on_over_a_kill_of_the_daemon(ptyd: PtydUnderTest, create: Create) -> None:
    session = create("sleep", "1000")["id"]
    wait_for(ptyd, "created", session)
    before = read_audit(ptyd)
    ptyd.wait_for_new_daemon(ptyd.kill_daemon())
    wait_for(ptyd, "daemon_started", pid=ptyd.daemon_pid())
    assert read_audit(ptyd)[: len(before)] == before


def test_no_secret_is_in_it(ptyd: PtydUnderTest, client: Client, create: Create) -> None:
    """Everything that can carry a secret carries one, and none of them is in the files."""
    names = iter(range(100))
    planted: list[str] = []

    def plant() -> str:
        planted.append(f"s3cr3t-{next(names)}-{secrets.token_hex(8)}")
        return planted[-1]

    session = create(
        *("sh", "-c", f"echo {plant()}; cat", plant()),
        env={"PASSWORD": plant()},
        record=str(ptyd.home / f"{plant()}.cast"),
        record_input=True,
    )["id"]
    client.attach(1, session)
    client.type(1, 1, f"{plant()}\n".encode())
    client.request("send", session=session, data=f"{plant()}\n".encode())
    client.request("mark", session=session, label=plant())
    for method in ("capture", "read_log", "export"):
        client.request(method, session=session)
    with contextlib.suppress(RequestFailed):
        client.request("get", session=plant())
    with contextlib.suppress(RequestFailed):
        client.request("create", argv=[plant()], cwd=f"/{plant()}")
    planted.append(ptyd.request("access_token")["token"])
    planted.append(ptyd.request("login_ticket")["ticket"])
    wait_for(ptyd, "ticket_made")
    wait_for(ptyd, "typed", session)
    files = sorted(ptyd.runtime_dir.glob("audit.log*"))
    content = b"".join(path.read_bytes() for path in files)
    assert content.count(b"\n") > 20
    assert [secret for secret in planted if secret.encode() in content] == []
    assert all(0x20 <= byte < 0x7F or byte == 0x0A for byte in content)
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
