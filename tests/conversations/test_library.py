"""Conversations for the event loop: reading never keeps it waiting, and what is asked for is found."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ptyd_protocol.conversations import (
    ConversationExportParams,
    ConversationSearchParams,
    ConversationsParams,
    CostParams,
)
from ptyd_protocol.errors import Refusal

from ptyd.conversations import index, search
from ptyd.conversations.library import Library
from tests.support.transcripts import NOON, Talk
from tests.support.waiting import wait_for_event, wait_until_async

LARGE_BYTES = 100 * 1024 * 1024


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    library = Library(tmp_path / "prices.toml", lambda: [tmp_path])
    yield library
    library.close()


def write_large(tmp_path: Path) -> Talk:
    """A transcript of 100 MB: answers, and what tools gave back."""
    talk = Talk()
    block = [talk.prompt("hello"), talk.answer("short"), talk.tool_result("x" * 100_000)]
    path = talk.write(tmp_path, block)
    whole = path.read_bytes()
    with path.open("ab") as file:
        for _ in range(LARGE_BYTES // len(whole)):
            file.write(whole)
    talk.write(tmp_path, [talk.prompt("the needle at its end")])
    return talk


@pytest.mark.parametrize("wanted", ["list", "cost", "search", "export"])
async def test_a_transcript_of_100_mb_is_read_beside_the_loop(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wanted: str
) -> None:
    """Whoever reads is held in the middle of it, and the loop goes on."""
    talk = write_large(tmp_path)
    assert talk.path(tmp_path).stat().st_size > LARGE_BYTES
    known = await library.find(talk.id, None)
    assert known.info.messages > 900
    if wanted in ("list", "cost"):
        talk.write(tmp_path, [talk.answer("something new")])
    reached, go_on = threading.Event(), threading.Event()
    threads: set[int] = set()

    def held(function: Any) -> Any:
        def call(*arguments: Any) -> Any:
            threads.add(threading.get_ident())
            reached.set()
            wait_for_event(go_on)
            return function(*arguments)

        return call

    monkeypatch.setattr(index, "parse_line", held(index.parse_line))
    monkeypatch.setattr(search, "parse_line", held(search.parse_line))
    monkeypatch.setattr("ptyd.conversations.export.parse_line", held(index.parse_line))
    requests: dict[str, Any] = {
        "list": lambda: library.list_latest(ConversationsParams(), None, {}),
        "cost": lambda: library.cost(CostParams(), None, {}),
        "search": lambda: library.search(ConversationSearchParams(text="the needle"), None, {}),
        "export": lambda: library.export(ConversationExportParams(conversation=talk.id), known),
    }
    asked = asyncio.ensure_future(requests[wanted]())  # noqa: TID251 - a test's
    try:
        await wait_until_async(reached.is_set)
        assert not asked.done()
    finally:
        go_on.set()
    assert await asked is not None
    assert threads and threading.get_ident() not in threads


async def test_found_by_a_beginning(library: Library, tmp_path: Path) -> None:
    one, other = Talk(id="aaaa0000-0000-0000-0000-000000000001"), Talk(id="aaaa1111-0000-0000-0000-000000000001")
    for talk in (one, other):
        talk.write(tmp_path, [talk.prompt("hello")])
    assert (await library.find("AAAA0", None)).info.id == one.id
    assert (await library.find(other.id, {other.id})).info.id == other.id
    assert (await library.find("aaaa", {other.id})).info.id == other.id, "ambiguous only among what may be known"
    for ref, seen, words in (
        ("aaaa", None, "could be any of aaaa0000"),
        ("aaa", None, "no conversation 'aaa'"),
        ("bbbb", None, "no conversation 'bbbb'"),
        ("aaaa0", {other.id}, "no conversation 'aaaa0'"),
        ("", None, "no conversation ''"),
    ):
        with pytest.raises(Refusal, match=words):
            await library.find(ref, seen)


async def test_directories_and_limits(library: Library, tmp_path: Path) -> None:
    for number, cwd in enumerate(("/a/b", "/a", "/ab", "/a/b/c")):
        talk = Talk(cwd=cwd, at=NOON + number)
        talk.write(tmp_path, [talk.prompt("hello")])

    async def places(cwd: str, limit: int = 9) -> tuple[list[str], int]:
        result = await library.list_latest(ConversationsParams(cwd=cwd, limit=limit), None, {})
        return [one.cwd for one in result.conversations], result.total

    assert await places("") == (["/a/b/c", "/ab", "/a", "/a/b"], 4)
    assert await places("/a/") == (["/a/b/c", "/a", "/a/b"], 3)
    assert await places("/a/../a/b") == (["/a/b/c", "/a/b"], 2)
    assert await places("", 1) == (["/a/b/c"], 4)


async def test_search_finds_the_latest_and_ends(library: Library, tmp_path: Path) -> None:
    talks = [Talk(at=NOON + number * 100) for number in range(3)]
    for talk in talks:
        talk.write(tmp_path, [talk.prompt("the needle"), talk.answer("a needle"), *[talk.prompt("needle")] * 5])
    result = await library.search(ConversationSearchParams(text="needle", limit=2), None, {talks[2].id: "s"})
    assert [hit.conversation.id for hit in result.hits] == [talks[2].id, talks[1].id]
    assert [hit.conversation.session for hit in result.hits] == ["s", None]
    assert (len(result.hits[0].excerpts), result.is_complete) == (3, False)
    assert (await library.search(ConversationSearchParams(text="needle"), None, {})).is_complete


async def test_costs_add_up(library: Library, tmp_path: Path) -> None:
    for cwd, at, cost in (("/a", NOON, 1.0), ("/a", NOON + 86_400, 2.0), ("/b", NOON + 86_400, 4.0)):
        talk = Talk(cwd=cwd, at=at)
        talk.write(tmp_path, [talk.prompt(f"in {cwd}"), talk.answer("yes"), talk.cost(cost)])

    async def rows(**params: Any) -> tuple[dict[str, float], float]:
        result = await library.cost(CostParams(**params), None, {talk.id: ("1a2b", "fix")})
        return {row.label or row.key: row.cost_usd for row in result.rows}, result.total.cost_usd

    assert await rows() == ({"2026-11-29": 1.0, "2026-11-30": 6.0}, 7.0)
    assert await rows(by="directory") == ({"/b": 4.0, "/a": 3.0}, 7.0)
    assert await rows(by="directory", since="2026-11-30") == ({"/b": 4.0, "/a": 2.0}, 6.0)
    assert await rows(by="session", cwd="/b") == ({"fix": 4.0}, 4.0)
    assert await rows(by="session") == ({"fix": 4.0, "(no session)": 3.0}, 7.0)
    assert await rows(limit=1) == ({"2026-11-30": 6.0}, 7.0)
    assert list((await rows(by="conversation"))[0]) == ["in /b", "in /a"]


async def test_prices_of_ones_own(tmp_path: Path, library: Library) -> None:
    (tmp_path / "prices.toml").write_text('["claude-opus-5-5"]\ninput = 1000\noutput = 0\n')
    talk = Talk()
    talk.write(tmp_path, [talk.answer("yes")])
    assert (await library.find(talk.id, None)).info.estimated_usd == pytest.approx(1.0)


@pytest.mark.parametrize("text", ["[x", '["m"]\ninput = "much"\noutput = 1', '["m"]\ninput = 1\noutput = 1\nmore = 1'])
async def test_prices_that_make_no_sense_are_told(
    tmp_path: Path, library: Library, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "prices.toml").write_text(text)
    talk = Talk()
    talk.write(tmp_path, [talk.answer("yes")])
    assert (await library.find(talk.id, None)).info.estimated_usd > 0
    assert "prices.toml is not used" in caplog.text


async def test_a_daemon_that_ends_waits_for_nobody(library: Library, tmp_path: Path) -> None:
    library.close()
    with pytest.raises(Refusal, match="the daemon ends"):
        await library.find("aaaa", None)
