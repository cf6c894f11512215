"""An engine that is told only of the end of a flood of text is in the same state as one that was told of it all."""

import random
from collections.abc import Callable

import pytest

from ptyd.core.log.replay_log import ReplayLog
from ptyd.core.screen.engine_feed import EngineFeed, FeedState
from ptyd.core.screen.text_flood import PlainText
from ptyd.engine.terminal import GhosttyEngine, GhosttyEngineMaker
from tests.core.memory import append, make_log

SCROLLBACK_LINES = 50
BEFORE = {
    "nothing": b"",
    "colours": b"\x1b[1;31;48;5;20m",
    "full screen": b"\x1b[?1049h\x1b[3;7Htext",
    "insert mode": b"\x1b[4hold\r\nlines\x1b[H",
    "no wrapping": b"\x1b[?7l",
    "origin": b"\x1b[?6h",
    "a cursor in the middle": b"".join(b"\x1b[%d;1Hold line %d" % (row, row) for row in range(1, 25)) + b"\x1b[5;5H",
    "line drawing": b"\x1b(0",
    "saved": b"\x1b[5;5H\x1b[7m\x1b7\x1b[H",
    "protected": b'\x1b[1"qkept\x1b[H',
    "in a frame": b"\x1b[?2026h",
}
NOT_BEFORE = {
    "a region": b"\x1b[5;10r",
    "half a sequence": b"\x1b[31",
    "half a title": b"\x1b]2;title",
    "half a character": b"\xe4\xb8",
    "a link": b"\x1b]8;;http://a\x1b\\",
    "left and right margins": b"\x1b[?69h\x1b[5;40s",
}


def make_text(seed: int) -> bytes:
    chance = random.Random(seed)
    lines = (
        bytes(chance.randrange(0x20, 0x7F) for _ in range(chance.choice((0, 5, 79, 80, 81, 200)))) for _ in range(4000)
    )
    return b"\r\n".join(lines) + b"\r\nprompt$ "


WORDS = (
    *(b"\x1b[%sm" % number for number in (b"1", b"4:3", b"7", b"31", b"48;5;200", b"38;2;1;2;3", b"39", b"58;5;9")),
    *("é 漢字 😀 e\u0301 👩\u200d🚀 \u0301".encode(), b"\xff\xf0\x9f", b"\t", b"word", b"a long word " * 9),
    *(b"\x1b[K", b"\x1b[1K", b"\x1b[2K", b"\r", b"\n", b"\r\n\r\n"),
)


def make_coloured_text(seed: int) -> bytes:
    """All that plain text may be made of; each line ends with a reset, but for some."""
    chance = random.Random(seed)
    resets = (b"\x1b[0m\r\n", b"\x1b[m\r\n", b"\r\n")
    return b"".join(b"".join(chance.choices(WORDS, k=6)) + chance.choice(resets) for _ in range(6000))


def make_feed(before: bytes, *texts: bytes) -> EngineFeed:
    """An engine that has taken ``before``, and is asked behind each of ``texts`` to leave out what it may."""
    log = make_log(16 * 1024 * 1024)
    plain = PlainText(0)
    feed = EngineFeed(GhosttyEngineMaker().create(80, 24, SCROLLBACK_LINES), log, FeedState(0, 0), 0, plain)
    write(log, plain, before)
    while feed.is_behind:
        feed.step()
    for text in texts:
        write(log, plain, text)
        feed.skip_unseen()
    return feed


def write(log: ReplayLog, plain: PlainText, data: bytes) -> None:
    plain.note(log.head, data)
    append(log, data)


def feed_whole(before: bytes, text: bytes) -> EngineFeed:
    log = make_log(16 * 1024 * 1024)
    engine = GhosttyEngineMaker().create(80, 24, SCROLLBACK_LINES)
    append(log, before + text)
    return EngineFeed(engine, log, FeedState(0, 0), 0, PlainText(log.head))


def take_rest(feed: EngineFeed) -> bytes:
    while feed.is_behind:
        feed.step()
    assert isinstance(feed.engine, GhosttyEngine)
    return feed.engine.snapshot(SCROLLBACK_LINES)


@pytest.mark.parametrize("before", BEFORE.values(), ids=BEFORE)
@pytest.mark.parametrize("texts", [[1], [2], [3, 4, 5, 6]], ids=["one", "another", "more and more"])
@pytest.mark.parametrize("make", [make_text, make_coloured_text])
def test_the_same_screen(before: bytes, texts: list[int], make: Callable[[int], bytes]) -> None:
    written = [make(seed) + b"\r\n" for seed in texts]
    feed = make_feed(before, *written)
    assert feed.cursor > len(before) + sum(map(len, written)) - 2 * len(written[-1]) // 3
    assert not feed.has_reached(len(before), 1)  # for now it shows what never was
    assert take_rest(feed) == take_rest(feed_whole(before, b"".join(written)))


@pytest.mark.parametrize("before", NOT_BEFORE.values(), ids=NOT_BEFORE)
def test_not_where_it_could_be_seen(before: bytes) -> None:
    feed = make_feed(before, make_text(3))
    assert feed.cursor == len(before)
