"""A recording to a file: whole whenever it was cut off, and an obstacle to nobody when it fails."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from ptyd.core.log.asciicast import CastState
from ptyd.core.log.time_index import Entry, Kind
from ptyd.core.session import ExitStatus
from ptyd.edge.files import recorder as module
from ptyd.edge.files.recorder import CastFile, Recorder, RecordingFailed
from tests.core.memory import SMALL_CAPACITY_BYTES, append, make_log
from tests.support.asciicast import Recording, check_asciicast
from tests.support.waiting import wait_until_async

T0 = 1_700_000_000_000
HEADER = b'{"version": 3, "term": {"cols": 80, "rows": 24}}\n'
BEGINNING = CastState(0, 1, T0, T0)


class Bench:
    def __init__(self, place: Path) -> None:
        self.path = place / "it.cast"
        self.note_path = place / "0000000a.recording"
        self.log = make_log()
        self.progress: list[int] = []
        self.ended: list[str | None] = []
        self.file = CastFile.create(self.path, self.note_path, HEADER, BEGINNING)
        self.recorder = self.make_recorder()

    def make_recorder(self, with_input: bool = False) -> Recorder:
        return Recorder(self.file, lambda: self.log, [], with_input, self.progress.append, self.ended.append)

    def write(self, data: bytes) -> None:
        assert append(self.log, data) == len(data)
        self.recorder.wake()

    async def read_until(self, text: str) -> Recording:
        await wait_until_async(lambda: text in self.path.read_text(), what=lambda: self.path.read_text())
        return check_asciicast(self.path.read_bytes())

    def resume(self) -> None:
        """As the next daemon does."""
        self.file.close()
        self.file = CastFile.resume(self.path, self.note_path)
        self.recorder = self.make_recorder()


@pytest_asyncio.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    await wait_until_async(lambda: not bench.recorder._is_writing)
    bench.recorder._cancel_timer()
    bench.file.close()


async def test_output_comes_into_the_file_and_the_hold_moves_on(bench: Bench) -> None:
    bench.write("grüße".encode())
    assert (await bench.read_until("grüße")).text() == "grüße"
    await wait_until_async(lambda: bench.progress == [7])
    assert bench.path.stat().st_mode & 0o777 == 0o600


async def test_events(bench: Bench) -> None:
    bench.write(b"one")
    bench.recorder.note_entry(Entry(Kind.MARK, 3, T0 + 500, b"here", 1))
    bench.recorder.note_entry(Entry(Kind.INPUT, 3, T0 + 600, b"secret", 2))
    bench.write(b"two")
    recording = await bench.read_until("two")
    assert [(event.code, event.data) for event in recording.events] == [("o", "one"), ("m", "here"), ("o", "two")]


async def test_a_character_that_is_not_yet_whole_waits(bench: Bench) -> None:
    bench.write(b"a\xc3")
    await bench.read_until("a")
    await wait_until_async(lambda: bench.progress == [1])
    bench.write(b"\xbc")
    assert (await bench.read_until("ü")).text() == "aü"


async def test_the_end(bench: Bench) -> None:
    bench.write(b"bye\xc3")
    bench.recorder.finish(ExitStatus(None, 15, T0 / 1000 + 2))
    await asyncio.wait_for(bench.recorder.done.wait(), 15)
    recording = check_asciicast(bench.path.read_bytes())
    assert recording.text() == "bye\ufffd"
    assert recording.of("x") == ["143"]
    assert bench.ended == [None]
    assert not bench.note_path.exists()


async def test_much_output_in_pieces(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PIECE_BYTES", 1000)
    text = "".join(f"line {number} ü\r\n" for number in range(5000))
    bench.write(text.encode())
    bench.recorder.finish(ExitStatus(0, None, T0 / 1000))
    await asyncio.wait_for(bench.recorder.done.wait(), 60)
    assert check_asciicast(bench.path.read_bytes()).text() == text


async def test_the_next_daemon_goes_on_from_the_note(bench: Bench) -> None:
    bench.write(b"one\xe4\xb8")
    await bench.read_until("one")
    await wait_until_async(lambda: bench.progress == [3])
    with bench.path.open("ab") as file:
        file.write(b'[0.000, "o", "written, but not noted"]\n[0.00')
    bench.resume()
    bench.write(b"\x96two")
    assert (await bench.read_until("two")).text() == "one世two".replace("世", b"\xe4\xb8\x96".decode())


async def test_a_finished_recording_is_not_gone_on_with(bench: Bench) -> None:
    bench.recorder.finish(ExitStatus(0, None, T0 / 1000))
    await asyncio.wait_for(bench.recorder.done.wait(), 15)
    with pytest.raises(FileNotFoundError):
        CastFile.resume(bench.path, bench.note_path)


async def test_a_file_that_somebody_has_changed_is_left_alone(bench: Bench) -> None:
    bench.write(b"one")
    await bench.read_until("one")
    await wait_until_async(lambda: bench.progress == [3])
    bench.path.write_bytes(b"mine")
    with pytest.raises(RecordingFailed):
        CastFile.resume(bench.path, bench.note_path)
    bench.path.unlink()
    with pytest.raises(RecordingFailed):
        CastFile.resume(bench.path, bench.note_path)
    assert not bench.path.exists()


async def test_a_full_disk_ends_it_with_a_whole_line(bench: Bench) -> None:
    bench.write(b"one")
    await bench.read_until("one")
    await wait_until_async(lambda: bench.progress == [3])
    before = bench.path.read_bytes()
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, bench.file._fd)
    os.close(full)
    bench.write(b"two")
    await asyncio.wait_for(bench.recorder.done.wait(), 15)
    assert len(bench.ended) == 1 and "space" in str(bench.ended[0])
    assert bench.path.read_bytes() == before
    bench.write(b"three")


async def test_output_that_was_overwritten_ends_it(bench: Bench) -> None:
    for _ in range(3):
        assert append(bench.log, b"x" * SMALL_CAPACITY_BYTES) == SMALL_CAPACITY_BYTES
    bench.recorder.wake()
    await asyncio.wait_for(bench.recorder.done.wait(), 15)
    assert "overwritten" in str(bench.ended[0])


async def test_it_can_be_given_up(bench: Bench) -> None:
    bench.write(b"one")
    bench.recorder.stop("enough")
    bench.recorder.stop("enough")
    assert bench.ended == ["enough"]


async def test_a_file_that_exists_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "mine"
    path.write_text("mine")
    with pytest.raises(FileExistsError):
        CastFile.create(path, tmp_path / "note", HEADER, BEGINNING)
    assert path.read_text() == "mine"
