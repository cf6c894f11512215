"""The index: only what is new is read, whatever happens to the files."""

import os
from pathlib import Path
from typing import Any

import pytest

from ptyd.conversations import lines as reading
from ptyd.conversations.index import ConversationIndex
from ptyd.conversations.prices import SHIPPED, PriceTable, read_prices
from ptyd.conversations.transcript import MAX_LINE_BYTES
from tests.support.transcripts import Talk, to_line


@pytest.fixture
def index() -> ConversationIndex:
    return ConversationIndex(PriceTable(read_prices(SHIPPED)))


@pytest.fixture
def read_bytes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many bytes each read of a transcript's lines has brought."""
    counts: list[int] = []
    pread = os.pread

    def counting(fd: int, size: int, offset: int) -> bytes:
        data = pread(fd, size, offset)
        if size == reading.READ_BYTES:
            counts.append(len(data))
        return data

    monkeypatch.setattr(os, "pread", counting)
    return counts


def test_only_what_was_appended_is_read_again(index: ConversationIndex, read_bytes: list[int], tmp_path: Path) -> None:
    talk = Talk()
    path = talk.write(tmp_path, [talk.prompt("first"), talk.answer("x" * 100_000)])
    index.refresh([tmp_path])
    assert sum(read_bytes) == path.stat().st_size
    [known] = index.conversations()
    assert (known.info.messages, known.info.size) == (2, path.stat().st_size)

    read_bytes.clear()
    index.refresh([tmp_path])
    assert read_bytes == [] and index.conversations() == [known]
    more = talk.prompt("second")
    talk.write(tmp_path, [more])
    index.refresh([tmp_path])
    assert sum(read_bytes) == len(to_line(more).encode())
    assert index.conversations()[0].info.messages == 3
    assert known.info.messages == 2, "what was told does not change"


def test_a_line_that_is_being_written_is_waited_for(index: ConversationIndex, tmp_path: Path) -> None:
    talk = Talk()
    path = talk.write(tmp_path, [talk.prompt("first")])
    line = to_line(talk.answer("second"))
    for part, messages in ((line[:50], 1), (line[50:-1], 1), ("\n", 2)):
        with path.open("a") as file:
            file.write(part)
        index.refresh([tmp_path])
        assert index.conversations()[0].info.messages == messages


@pytest.mark.parametrize("is_replaced", [True, False])
def test_a_file_that_was_written_anew_is_read_anew(index: ConversationIndex, tmp_path: Path, is_replaced: bool) -> None:
    talk = Talk()
    answer = talk.answer("first")
    path = talk.write(tmp_path, [talk.prompt("old"), answer])
    index.refresh([tmp_path])
    text = "".join(map(to_line, [talk.prompt("new title"), answer, talk.answer("more" * 100)]))
    if is_replaced:
        (tmp_path / "new").write_text(text)
        (tmp_path / "new").replace(path)
    else:
        path.write_text(text)
    index.refresh([tmp_path])
    [known] = index.conversations()
    assert (known.info.title, known.info.messages) == ("new title", 3)
    assert sum(day.answers for day in known.days.values()) == 2, "the answer that was there counts again, and once"


def test_a_line_that_is_too_long_is_passed_over(index: ConversationIndex, tmp_path: Path) -> None:
    talk = Talk()
    lines = [talk.prompt("before"), talk.tool_result("x" * (MAX_LINE_BYTES + 1)), talk.answer("behind")]
    talk.write(tmp_path, lines)
    index.refresh([tmp_path])
    assert index.conversations()[0].info.messages == 2


def test_what_is_no_transcript_is_left_alone(index: ConversationIndex, tmp_path: Path) -> None:
    folder = tmp_path / "projects" / "-x"
    (folder / f"{Talk().id}.jsonl").mkdir(parents=True)
    (folder / "notes.jsonl").write_text(to_line(Talk().prompt("no")))
    os.mkfifo(folder / f"{Talk().id}.jsonl")
    (tmp_path / "projects" / "file").write_text("")
    empty = Talk()
    empty.write(tmp_path, [{"type": "mode", "mode": "normal"}])
    index.refresh([tmp_path, tmp_path / "not-there"])
    assert index.conversations() == []


def test_subagents_files_and_removed_ones(index: ConversationIndex, tmp_path: Path) -> None:
    talk, agent = Talk(), Talk()
    path = talk.write(tmp_path, [talk.answer("a")])
    subagents = path.with_suffix("") / "subagents"
    subagents.mkdir(parents=True)
    (subagents / "agent-1.jsonl").write_text(to_line(agent.answer("b", isSidechain=True)))
    index.refresh([tmp_path])
    assert sum(day.answers for day in index.conversations()[0].days.values()) == 2
    with (subagents / "agent-1.jsonl").open("a") as file:
        file.write(to_line(agent.answer("c", isSidechain=True)))
    index.refresh([tmp_path])
    assert sum(day.answers for day in index.conversations()[0].days.values()) == 3
    path.unlink()
    index.refresh([tmp_path])
    assert index.conversations() == []


def test_the_latest_first(index: ConversationIndex, tmp_path: Path) -> None:
    talks: list[Any] = [Talk(at=1_800_000_000 + at) for at in (0, 2000, 1000)]
    for talk in talks:
        talk.write(tmp_path, [talk.prompt("hello")])
    index.refresh([tmp_path])
    assert [one.info.id for one in index.conversations()] == [talks[1].id, talks[2].id, talks[0].id]
