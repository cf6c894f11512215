"""A scripted daemon in a directory of its own, as this user's daemon."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.sdk.scripted_daemon import ScriptedDaemon, serve, short_directory


@pytest.fixture
def runtime_dir(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty runtime directory, found by ``connect()``."""
    with short_directory() as directory:
        monkeypatch.setenv("PTYD_DIR", str(directory))
        yield directory


@pytest.fixture
async def daemon(runtime_dir: Path) -> AsyncIterator[ScriptedDaemon]:
    scripted = ScriptedDaemon()
    async with serve(scripted, runtime_dir):
        yield scripted
