"""Files over connections that break and a daemon that is killed."""

import asyncio
import random
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from ptyd_sdk import Connection, NotAllowed, connect
from ptyd_sdk.files import words_of

from tests.support.daemon import PtydUnderTest, running_ptyd
from tests.support.faulty_proxy import faulty, make_cuts

CONTENT = secrets.token_bytes(6_000_000)


@pytest.fixture(scope="module")
def server() -> Iterator[PtydUnderTest]:
    with running_ptyd() as running:
        yield running


@pytest.fixture
async def ptyd(server: PtydUnderTest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Connection]:
    monkeypatch.setenv("PTYD_DIR", str(server.runtime_dir))
    async with connect() as connection:
        yield connection


def read(path: str | Path) -> bytes:
    return Path(path).read_bytes()


async def test_over_connections_that_are_cut(
    ptyd: Connection, server: PtydUnderTest, runtime_dir: Path, tmp_path: Path
) -> None:
    session = await ptyd.create(["cat"])
    chance = random.Random(5)
    budgets = iter([3000, *(chance.randint(1, 1_500_000) for _ in range(9))])
    async with (
        faulty(server.sock_path, runtime_dir / "ptyd.sock", make_cuts(budgets)) as proxy,
        connect(f"unix://{runtime_dir}/ptyd.sock") as unsteady,
    ):
        same = await unsteady.get(session.id)
        stored = await same.put(CONTENT, "large.bin")
        await same.get_to(stored, tmp_path / "back")
    assert proxy.cuts == 10
    assert await asyncio.to_thread(read, stored) == CONTENT
    assert await asyncio.to_thread(read, tmp_path / "back") == CONTENT
    folder = Path(stored).parent
    assert [path.name for path in await asyncio.to_thread(lambda: list(folder.iterdir()))] == ["large.bin"]


async def test_while_the_daemon_is_killed(ptyd: Connection, server: PtydUnderTest, tmp_path: Path) -> None:
    session = await ptyd.create(["cat"])
    has_begun = asyncio.Event()

    def note(done: int, total: int) -> None:
        has_begun.set()

    async with asyncio.TaskGroup() as group:
        putting = group.create_task(session.put(CONTENT, "large.bin", paste=True, progress=note))
        await has_begun.wait()
        await asyncio.to_thread(server.kill_daemon)
    stored = putting.result()
    assert await asyncio.to_thread(read, stored) == CONTENT
    has_begun.clear()
    async with asyncio.TaskGroup() as group:
        getting = group.create_task(session.get_to(stored, tmp_path / "back", progress=note))
        await has_begun.wait()
        await asyncio.to_thread(server.kill_daemon)
    assert getting.result() == len(CONTENT)
    assert await asyncio.to_thread(read, tmp_path / "back") == CONTENT


async def test_whoever_only_observes(ptyd: Connection) -> None:
    session = await ptyd.create(["cat"])
    stored = await session.put(b"words", "a")
    place = await ptyd.listen()
    made = await ptyd.create_token(["observe"])
    async with connect(f"http://{place.host}:{place.port}", token=made.token) as observer:
        seen = await observer.get(session.id)
        for attempt in (seen.put(b"words"), seen.get(stored), seen.paste("words")):
            with pytest.raises(NotAllowed):
                await attempt


@pytest.mark.parametrize(
    ("paths", "words"),
    [
        (["/run/a.png"], "/run/a.png "),
        (["/run/my dir/a.png", "/b"], "/run/my\\ dir/a.png /b "),
        (["/run/$(x)'\"/grüße"], "/run/\\$\\(x\\)\\'\\\"/grüße "),
    ],
)
def test_paths_as_words(paths: list[str], words: str) -> None:
    assert words_of(paths) == words
