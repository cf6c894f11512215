"""What a daemon finds of the one before it: logs, ledgers, times, saved screens, notes of recordings. Damaged, all of
them: by a full disk, a half-written page, or somebody's editor."""

import random
import struct
from collections.abc import Sequence
from typing import Any

from ptyd_protocol import limits
from ptyd_protocol.errors import Refusal

from ptyd.core.log.asciicast import convert_piece, find_start, format_header
from ptyd.core.log.export_cursor import ExportCursor
from ptyd.core.log.input_ledger import ENGINE_KEY, InputLedger, attachment_key
from ptyd.core.log.log_layout import HEADER_BYTES, HOLDS_AT, INPUTS_AT, RESIZES_AT, Word
from ptyd.core.log.replay_log import GUARD_BLOCK_BYTES, LogDamaged, ReplayLog
from ptyd.core.log.time_index import (
    IndexDamaged,
    Kind,
    compact_index,
    decode_index,
    encode_entry,
    encode_header,
    encode_size,
)
from ptyd.core.screen.engine import EngineStateDamaged
from ptyd.edge.files.recorder import _NOTE, _Note
from tests.core.memory import SMALL_CAPACITY_BYTES, append
from tests.core.world import CLIENT_ID, attach, make_session, read_all
from tests.fuzz.target import SPITEFUL_WORDS, Finding, Target, mutate_bytes

# --- the replay log

_POKE = struct.Struct("<HQ")
"""Index of a word of the header, and what it is to be."""
OPEN_KEY = attachment_key(CLIENT_ID, 1)


def _make_header(output: int, is_cut: bool) -> bytes:
    """The header of a log with so much output; ``is_cut``: killed within a read."""
    memory = bytearray(HEADER_BYTES + SMALL_CAPACITY_BYTES)
    log = ReplayLog.create(memoryview(memory), 7, 80, 24)
    append(log, b"x" * min(output, 100))
    log.record_size(100, 30)
    log.set_hold(OPEN_KEY, log.head)
    log.drop_hold(OPEN_KEY)
    append(log, b"y" * max(0, output - 100))
    ledger = InputLedger(log.words)
    ledger.announce(OPEN_KEY, 3, 0)
    ledger.settle(taken=True)
    if is_cut:
        ledger.announce(OPEN_KEY, 4, 10)
        assert log.room
        log.reserve(40)
    log.close()
    return bytes(memory[:HEADER_BYTES])


HEADERS = [_make_header(0, False), _make_header(500, True), _make_header(3 * SMALL_CAPACITY_BYTES // 2, True)]
"""Empty, begun, and gone round."""
_RINGS = [b"\xff" * SMALL_CAPACITY_BYTES, b"abc\r\n" * (SMALL_CAPACITY_BYTES // 5 + 1), bytes(SMALL_CAPACITY_BYTES)]
_memory = bytearray(HEADER_BYTES + SMALL_CAPACITY_BYTES)


def run_log(case: bytes) -> str:
    """The first two bytes choose header and ring, the rest are pokes. What is opened must be of use from then on."""
    if len(case) < 2:
        return "nothing"
    _memory[:HEADER_BYTES] = HEADERS[case[0] % len(HEADERS)]
    _memory[HEADER_BYTES:] = _RINGS[case[1] % len(_RINGS)][:SMALL_CAPACITY_BYTES]
    whole = memoryview(_memory)
    words = whole[:HEADER_BYTES].cast("Q")
    for at in range(2, len(case) - _POKE.size + 1, _POKE.size):
        index, value = _POKE.unpack_from(case, at)
        words[index % len(words)] = value
    try:
        log = ReplayLog(whole)
    except LogDamaged as error:
        return f"damaged: {error}"
    regained = log.recover()
    ledger = InputLedger(log.words)
    ledger.recover(pipe_level=5)
    _use_log(log, ledger)
    return f"{min(regained, 50)} {log.room > 0} {log.oldest > 0} {len(list(log.hold_keys()))}"


def _use_log(log: ReplayLog, ledger: InputLedger) -> None:
    if not 0 <= log.oldest <= log.head <= limits.MAX_SEQ or log.head - log.oldest > log.capacity:
        raise Finding(f"a log from {log.oldest} to {log.head}")
    if len(log.read(log.oldest, log.capacity)) != log.head - log.oldest:
        raise Finding("the log does not hold what it says")
    for number in range(max(0, log.size_count - 3), log.size_count):
        offset, cols, rows = log.size_record(number)
        if offset > log.head or not 1 <= cols <= 65535 or not 1 <= rows <= 65535:
            raise Finding(f"a size of {cols} x {rows} at {offset}")
    log.size_number_at(log.oldest)
    log.blocking_holds()
    _, cols, rows = log.size_record(log.size_count - 1)
    session = make_session(log, cols=cols, rows=rows)
    session.log_file.inputs = ledger  # type: ignore[misc]
    attachment = attach(session, lossless=True, epoch=log.epoch, offset=log.oldest)
    read_all(session, attachment)
    session.set_size(90, 20)
    append(log, b"more output\r\n")
    read_all(session, attachment)
    ledger.announce(OPEN_KEY, ledger.last_seq(OPEN_KEY) + 1, 0)
    ledger.settle(taken=True)
    ledger.last_seq(ENGINE_KEY)
    session.detach_all("detached", "over")  # type: ignore[arg-type]
    session.leave(attachment, may_return=False)


def log_seeds() -> list[bytes]:
    return [bytes([header, ring]) for header in range(len(HEADERS)) for ring in range(len(_RINGS))]


def mutate_log(chance: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    """One more poke, mostly at a word that means something, with a value that is nearly right or very wrong."""
    index = chance.choice(INTERESTING_WORDS) if chance.random() < 0.9 else chance.randrange(HEADER_BYTES // 8)
    value = chance.choice(
        (
            *(chance.choice(SPITEFUL_WORDS), chance.randrange(1000), chance.randrange(1 << 64)),
            chance.randrange(8) * GUARD_BLOCK_BYTES + chance.choice((0, 0, 1, -1)),
            1 << 63 | chance.randrange(200),
        )
    )
    kept = data[: 2 + _POKE.size * chance.randrange(1 + (len(data) - 2) // _POKE.size)] if len(data) > 42 else data
    return kept[:2].ljust(2, b"\0") + kept[2:] + _POKE.pack(index, value % (1 << 64))


INTERESTING_WORDS = (
    *(int(word) for word in Word),
    *range(HOLDS_AT, HOLDS_AT + 4),
    *range(INPUTS_AT, INPUTS_AT + 6),
    *range(RESIZES_AT, RESIZES_AT + 4),
)

# --- times


def run_times(case: bytes) -> str:
    """An index, and then all that is made of one: a shorter one, and a cast."""
    try:
        entries, length = decode_index(case)
    except IndexDamaged:
        return "damaged"
    if length > len(case):
        raise Finding("more was read than there is")
    again, whole = decode_index(compact_index(entries, 100, 400))
    if whole > 400 + 16 * 300:
        raise Finding(f"{whole} bytes are not compact")
    sizes = [entry.size for entry in entries if entry.kind is Kind.SIZE]
    if any(not cols >= 1 or not rows >= 1 for cols, rows in sizes):
        raise Finding("a size of nothing")
    if not sizes:
        return f"no size {len(entries)}"
    start = find_start(entries, entries[0].offset)
    format_header(start, ["sh"], "title", {"TERM": "xterm"})
    data = b"some \xe2\x82\xac output \xff" * 10
    lines, state = convert_piece(start.state, entries, data, with_input=True, is_end=True)
    if lines and not lines.endswith(b"\n"):
        raise Finding("half a line")
    _Note(state, len(lines)).encode()
    return f"{len(entries)} {len(sizes)} {len(again)} {lines.count(bytes([10]))}"


def times_seeds() -> list[bytes]:
    begin = encode_header() + encode_entry(Kind.SIZE, 0, 1000, encode_size(80, 24))
    more = [
        encode_entry(Kind.TIME, 0, 1000),
        encode_entry(Kind.TIME, 30, 1500),
        encode_entry(Kind.MARK, 40, 1600, b"a mark"),
        encode_entry(Kind.INPUT, 50, 1700, b"typed \xe2\x82"),
        encode_entry(Kind.SIZE, 60, 1800, encode_size(100, 30)),
        encode_entry(Kind.MARK, 60, 1800, b"lang " * 40),
    ]
    return [begin, begin + b"".join(more), encode_header(7) + b"".join(more), begin + b"".join(more[:4])[:-5]]


# --- saved screens


def _engine_maker() -> Any:
    from ptyd.engine import find_engine_maker  # noqa: PLC0415 - the library is not to be had everywhere

    return find_engine_maker()


def make_screen_target() -> Target | None:
    """The state of an engine, damaged; None where there is no engine."""
    maker = _engine_maker()
    if maker is None:
        return None
    from ptyd.engine.state import FormatMoved, parse_state  # noqa: PLC0415 - as above
    from ptyd.engine.terminal import _SAVED  # noqa: PLC0415

    def run(case: bytes) -> str:
        try:
            engine = maker.restore(case)
        except EngineStateDamaged:
            outcome = "damaged"
        else:
            engine.feed(b"hello\r\n")
            engine.snapshot(10)
            engine.close()
            outcome = "restored"
        try:
            state = parse_state(case[_SAVED.size :], 10)
        except FormatMoved:
            return outcome + " moved"
        rows = [min(len(screen.rows), 60) for screen in state.screens.values()]
        return f"{outcome} {state.active} {rows[:2]}"

    return Target("screen", run, _screen_seeds(maker), mutate_bytes)


def _screen_seeds(maker: Any) -> list[bytes]:
    seeds = []
    for output in (b"", b"\x1b[31mred\x1b[0m \xe2\x82\xac\r\n" * 5, b"\x1b[?1049h\x1b]8;;http://x\x07link\x1b]8;;\x07"):
        engine = maker.create(20, 4, 10)
        engine.feed(output)
        seeds.append(engine.save())
        engine.close()
    return seeds


# --- recordings


def run_recording(case: bytes) -> str:
    """The note of how far a recording is, and the text by which an export goes on."""
    if len(case) >= _NOTE.size:
        note = _Note.decode(case[: _NOTE.size])
        if note.encode() != case[: _NOTE.size]:
            raise Finding("a note changes when it is read and written again")
    text = case.decode(errors="replace")[: limits.MAX_RESUME_CHARS]
    try:
        cursor = ExportCursor.decode(text, 7)
    except Refusal:
        return "refused"
    if ExportCursor.decode(cursor.encode(), 7) != cursor:
        raise Finding("a cursor changes when it is written and read again")
    lines, _ = convert_piece(cursor.state, [], b"data")
    return f"cursor {len(lines) > 0}"


def recording_seeds() -> list[bytes]:
    return [b"7.0.100.50.2.1000.1000", b"7.5.9007199254740991.5.0.0.99999999999", _NOTE.pack(1, 2, 3, 4, 5)]


def recovery_targets() -> list[Target]:
    screen = make_screen_target()
    return [
        Target("log", run_log, log_seeds(), mutate_log),
        Target("times", run_times, times_seeds(), mutate_bytes),
        *([] if screen is None else [screen]),
        Target("recording", run_recording, recording_seeds(), mutate_bytes),
    ]
