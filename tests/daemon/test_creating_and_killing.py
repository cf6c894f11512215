"""A daemon that goes in the midst of making sessions: each is whole, or not there."""

import contextlib
from collections.abc import Iterator

import pytest
from websockets.exceptions import ConnectionClosed

from tests.daemon.client import connected
from tests.support.daemon import PtydUnderTest, running_ptyd
from tests.support.waiting import wait_until

SESSIONS = 12


@pytest.fixture
def ptyd() -> Iterator[PtydUnderTest]:
    with running_ptyd() as ptyd:
        yield ptyd


@pytest.mark.parametrize("answered", [0, 1, 5])
@pytest.mark.parametrize("way", ["killed", "replaced"])
def test_every_session_is_whole(ptyd: PtydUnderTest, way: str, answered: int) -> None:
    daemon = ptyd.daemon_pid()
    with connected(ptyd.sock_path) as client:
        asked = [client.begin_request("create", argv=["cat"], name=f"s{number}") for number in range(SESSIONS)]
        told = [client.end_request(request_id)["id"] for request_id in asked[:answered]]
        if way == "killed":
            ptyd.kill_daemon()
        else:
            with contextlib.suppress(ConnectionClosed):
                client.request("restart")
        client.wait_close()
    ptyd.wait_for_new_daemon(daemon)
    sessions = wait_until(lambda: [info for info in ptyd.sessions() if info["state"] == "running"] or not told)
    sessions = sessions if isinstance(sessions, list) else []
    assert set(told) <= {info["id"] for info in sessions}
    logs = {path.stem for path in (ptyd.runtime_dir / "sessions").iterdir()}
    assert logs == {info["id"] for info in ptyd.sessions()}
    with connected(ptyd.sock_path) as client:
        for channel, info in enumerate(sessions, 1):
            client.attach(channel, info["id"])
            client.type(channel, 1, b"here\r")
            client.read_until(channel, b"here\r\nhere\r\n")
        for number in range(SESSIONS):  # and every name can be had, by whoever is not there yet
            if f"s{number}" not in {info["name"] for info in sessions}:
                client.request("create", argv=["cat"], name=f"s{number}")
