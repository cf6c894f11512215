"""How an engine follows a log: every byte once, each size at its byte, each question answered once."""

from hypothesis import given
from hypothesis import strategies as st

from ptyd.core.log.replay_log import ReplayLog
from ptyd.core.screen.engine_feed import PIECE_BYTES, Answers, EngineFeed, FeedState
from ptyd.core.screen.text_flood import PlainText
from tests.core.fake_engine import FakeEngine
from tests.core.memory import SMALL_CAPACITY_BYTES, append, make_log


def make_feed(log: ReplayLog, answered: int = 0, offset: int = 0, size_number: int = 0) -> EngineFeed:
    return EngineFeed(FakeEngine(80, 24), log, FeedState(offset, size_number), answered, PlainText(log.head))


def engine_of(feed: EngineFeed) -> FakeEngine:
    assert isinstance(feed.engine, FakeEngine)
    return feed.engine


def run(feed: EngineFeed) -> list[Answers]:
    """Until it is no longer behind; every step gets somewhere."""
    answers: list[Answers] = []
    while feed.is_behind:
        before = feed.state
        if (got := feed.step()) is not None:
            answers.append(got)
        assert feed.state != before
    return answers


def test_nothing_to_take() -> None:
    feed = make_feed(make_log())
    assert not feed.is_behind
    assert feed.step() is None


def test_every_byte_in_order_across_the_wrap() -> None:
    log = make_log()
    data = bytes(range(60)) * (SMALL_CAPACITY_BYTES // 40)
    append(log, data)
    feed = make_feed(log, offset=log.oldest)
    run(feed)
    assert engine_of(feed).taken == data[log.oldest :]
    assert feed.cursor == log.head


def test_sizes_take_effect_at_their_byte() -> None:
    log = make_log()
    feed = make_feed(log)
    append(log, b"narrow")
    log.record_size(120, 40)
    append(log, b"wide")
    log.record_size(90, 30)
    assert feed.step() is None
    assert (engine_of(feed).taken, feed.size, feed.has_size_due) == (b"narrow", (80, 24), True)
    assert feed.step() is None
    assert (engine_of(feed).taken, feed.size) == (b"narrowwide", (120, 40))
    run(feed)
    assert (feed.size, feed.has_size_due, feed.state) == ((90, 30), False, FeedState(10, 2))
    assert engine_of(feed).sizes == [(80, 24), (120, 40), (90, 30)]


def test_of_sizes_at_one_byte_the_newest_counts() -> None:
    log = make_log()
    feed = make_feed(log)
    for cols in (90, 100, 110):
        log.record_size(cols, 24)
    run(feed)
    assert engine_of(feed).sizes == [(80, 24), (110, 24)]
    assert feed.state == FeedState(0, 3)


def test_answers_say_up_to_where() -> None:
    log = make_log()
    feed = make_feed(log)
    append(log, b"a?b")
    assert feed.step() == Answers(3, b"1;")
    append(log, b"c")
    assert feed.step() is None


def test_what_was_answered_is_not_answered_again() -> None:
    log = make_log()
    append(log, b"?a?b?c?d")
    assert run(make_feed(log, answered=3)) == [Answers(8, b"3;4;")]
    assert run(make_feed(log, answered=8)) == []


def test_while_a_program_asks_pieces_are_small() -> None:
    log = make_log()
    append(log, b"?" * PIECE_BYTES * 2)
    feed = make_feed(log)
    lengths = []
    while feed.is_behind:
        before = feed.cursor
        feed.step()
        lengths.append(feed.cursor - before)
    assert lengths[0] == PIECE_BYTES
    assert max(lengths[1:]) <= 1024


@given(st.binary(max_size=300).map(lambda data: data.replace(b"\xfe", b"?")), st.integers(0, 300), st.integers(0, 300))
def test_together_a_daemon_and_the_next_answer_each_question_once(data: bytes, saved: int, answered: int) -> None:
    """The state was saved at ``saved``, and what was answered up to then or later is noted."""
    saved = min(saved, len(data))
    answered = min(max(saved, answered), len(data))
    log = make_log()
    append(log, data)
    first = FakeEngine(80, 24)
    first.feed(data[:saved])
    feed = EngineFeed(first, log, FeedState(saved, 0), answered, PlainText(log.head))
    got = b"".join(answers.data for answers in run(feed))
    numbers = range(data[:answered].count(b"?") + 1, data.count(b"?") + 1)
    assert got == b"".join(b"%d;" % number for number in numbers)


def test_text_that_was_left_out_is_passed_before_anybody_looks() -> None:
    log = make_log()
    plain = PlainText(0)
    engine = FakeEngine(80, 24)
    engine.lines_to_fill = 10
    feed = EngineFeed(engine, log, FeedState(0, 0), 0, plain)
    text = b"a line of text\r\n" * 100
    append(log, text)
    plain.note(0, text)
    assert feed.may_wait()
    assert feed.skip_unseen()
    assert not feed.has_reached(16, 1)
    feed.step(16)
    assert feed.has_reached(16, 1)
    assert feed.cursor == len(text)
    assert len(engine.taken) < len(text)
