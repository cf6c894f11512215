"""Thousands of connections at once, and what they cost: the echo of a session goes on meanwhile."""

import contextlib
import resource
import socket
from collections.abc import Iterator

import psutil
import pytest

from tests.daemon.client import Client, connected
from tests.support.daemon import PtydUnderTest, RequestFailed, running_ptyd
from tests.support.soak import choose_scale
from tests.support.waiting import wait_until

CROWD = choose_scale(2_000, 10_000)
SPARE_FILES = 1_000
MOST_BYTES_EACH = 32 * 1024
ADDRESSES = 50


@pytest.fixture(scope="module")
def ptyd() -> Iterator[PtydUnderTest]:
    many = str(CROWD + 100)
    with running_ptyd(
        PTYD_MAX_CONNECTIONS=many,
        PTYD_MAX_STRANGERS=many,
        PTYD_MAX_STRANGERS_PER_ADDRESS=many,
        PTYD_MAX_CONNECTIONS_PER_ADDRESS=many,
        PTYD_REQUEST_HEAD_SECONDS="600",
    ) as ptyd:
        yield ptyd


@pytest.fixture
def many_files() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < CROWD + SPARE_FILES:
        pytest.skip(f"{CROWD} connections need as many files open in each process; {hard} are allowed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def check_echo(client: Client, seq: int) -> None:
    client.type(1, seq, b"key %d.\r" % seq)
    client.read_until(1, b"key %d." % seq)


@pytest.mark.timeout(600)
@pytest.mark.usefixtures("many_files")
def test_thousands_at_once(ptyd: PtydUnderTest) -> None:
    port = ptyd.request("listen")["port"]
    daemon = psutil.Process(ptyd.daemon_pid())
    with contextlib.ExitStack() as stack:
        client = stack.enter_context(connected(ptyd.sock_path))
        info = client.request("create", argv=["cat"])
        client.attach(1, info["id"])
        before = daemon.memory_info().rss
        for number in range(CROWD):
            address = f"127.0.4.{1 + number % ADDRESSES}"
            stack.enter_context(socket.create_connection(("127.0.0.1", port), 30, (address, 0)))
            if number % (CROWD // 20) == 0:
                check_echo(client, 1 + number * 20 // CROWD)
        each = (daemon.memory_info().rss - before) / CROWD
        check_echo(client, 21)
        assert client.request("status")["daemon_pid"] == daemon.pid
    print(f"{CROWD} connections, {each / 1024:.1f} KiB each")
    assert each < MOST_BYTES_EACH


@pytest.mark.timeout(600)
def test_a_storm_of_connections(ptyd: PtydUnderTest) -> None:
    """They come and go as fast as they can; the daemon is the same after, and holds none of them."""
    port = ptyd.request("listen")["port"]
    daemon = psutil.Process(ptyd.daemon_pid())
    with connected(ptyd.sock_path) as client:
        info = client.request("create", argv=["cat"])
        client.attach(1, info["id"])
        files = daemon.num_fds()
        for number in range(CROWD):
            socket.create_connection(("127.0.0.1", port), 30).close()
            if number % (CROWD // 10) == 0:
                check_echo(client, 1 + number * 10 // CROWD)
        wait_until(lambda: daemon.num_fds() <= files + 5)
        assert client.request("status")["daemon_pid"] == daemon.pid


def test_a_flood_of_requests_is_slowed_not_dropped(ptyd: PtydUnderTest) -> None:
    with connected(ptyd.sock_path) as flooder, connected(ptyd.sock_path) as client:
        asked = [flooder.begin_request("status") for _ in range(3_000)]
        client.request("status")  # others are served meanwhile
        answers = 0
        for request_id in asked:
            flooder.end_request(request_id)
            answers += 1
        assert answers == len(asked)


def test_one_connection_has_so_many_requests_at_once(ptyd: PtydUnderTest) -> None:
    with connected(ptyd.sock_path) as client:
        info = client.request("create", argv=["cat"])
        asked = [client.begin_request("wait", session=info["id"], until="exit") for _ in range(4097)]
        with pytest.raises(RequestFailed, match="4096 requests wait on this connection") as caught:
            client.end_request(asked[-1])
        assert caught.value.code == "unavailable"
