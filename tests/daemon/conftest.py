"""One private daemon for a module, and clients of it."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.daemon.client import Client, connected
from tests.support.daemon import PtydUnderTest, RequestFailed, running_ptyd

Connect = Callable[..., Client]
Create = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def ptyd() -> Iterator[PtydUnderTest]:
    with running_ptyd() as ptyd:
        yield ptyd


@pytest.fixture
def connect(ptyd: PtydUnderTest) -> Iterator[Connect]:
    """Opens connections; they end with the test."""
    with contextlib.ExitStack() as stack:
        yield lambda **options: stack.enter_context(connected(ptyd.sock_path, **options))


@pytest.fixture
def client(connect: Connect) -> Client:
    return connect()


@pytest.fixture
def create(ptyd: PtydUnderTest) -> Iterator[Create]:
    """Starts sessions (``create("sh", "-c", ...)``, parameters by name); they end with the test."""
    begun: list[str] = []

    def start(*argv: str, **params: Any) -> dict[str, Any]:
        info: dict[str, Any] = ptyd.request("create", argv=list(argv), **params)
        begun.append(info["id"])
        return info

    yield start
    for session_id in begun:
        with contextlib.suppress(RequestFailed):
            ptyd.request("kill", session=session_id, grace_seconds=0.2)
