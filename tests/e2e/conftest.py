"""What the end-to-end tests share."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.claude import HermeticClaude, make_hermetic_claude
from tests.support.fake_messages_api import FakeMessagesApi


@pytest.fixture
def api() -> Iterator[FakeMessagesApi]:
    """The Messages API on loopback that ``claude`` talks to."""
    with FakeMessagesApi() as api:
        yield api


@pytest.fixture
def claude(api: FakeMessagesApi) -> Iterator[HermeticClaude]:
    """A place for the pinned Claude Code, in a short path of its own."""
    with tempfile.TemporaryDirectory(prefix="cl-", dir="/tmp", ignore_cleanup_errors=True) as place:
        yield make_hermetic_claude(Path(place), api.url)
