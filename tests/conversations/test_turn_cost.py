"""What one turn cost: its own answers and those of its subagents, and nothing of other turns."""

from pathlib import Path

import pytest

from ptyd.conversations.library import Library
from ptyd.conversations.prices import SHIPPED, PriceTable, Tokens, read_prices
from ptyd.conversations.turn_cost import Turn, count_turn
from tests.support.transcripts import MODEL, NOON, Talk, to_line, usage_of

PRICES = PriceTable(read_prices(SHIPPED))


def cost_of(tokens: int) -> float:
    used = usage_of(tokens)
    return PRICES.estimate(
        MODEL,
        Tokens(
            input=used["input_tokens"],
            output=used["output_tokens"],
            cache_read=used["cache_read_input_tokens"],
            cache_write=used["cache_creation_input_tokens"],
        ),
    )


def test_only_what_belongs_to_the_turn(tmp_path: Path) -> None:
    talk = Talk()
    path = talk.write(tmp_path, [talk.prompt("before"), talk.answer("earlier", usage=usage_of(5000))])
    offset, since = path.stat().st_size, talk.at
    twice = talk.answer("the ", usage=usage_of(2000))
    talk.write(tmp_path, [talk.prompt("now"), twice, twice, talk.tool_result("a file"), talk.answer("the end")])
    turn = Turn(transcript=path, since=since, offset=offset, last_message="the end")
    counted = count_turn(turn, PRICES)
    assert counted.is_whole
    assert counted.cost_usd == pytest.approx(cost_of(2000) + cost_of(1000))
    assert (counted.tokens.input, counted.tokens.output) == (3000, 60)
    assert count_turn(Turn(transcript=path, since=since), PRICES) == counted  # where nobody knows the offset


def test_what_the_turn_before_writes_late_is_not_of_this_one(tmp_path: Path) -> None:
    talk = Talk()
    path = talk.write(tmp_path, [talk.prompt("before")])
    offset = path.stat().st_size
    talk.write(tmp_path, [talk.answer("earlier")])
    assert count_turn(Turn(transcript=path, since=talk.at, offset=offset), PRICES).cost_usd == 0


def test_subagents_are_of_the_turn(tmp_path: Path) -> None:
    talk = Talk()
    path = talk.write(tmp_path, [talk.prompt("now"), talk.answer("done")])
    agent = path.with_suffix("") / "subagents" / "agent-1.jsonl"
    agent.parent.mkdir(parents=True)
    talk.at = NOON - 100
    before = talk.answer("of the turn before")
    talk.at = NOON + 1
    agent.write_text(to_line(before) + to_line(talk.answer("looked it up")))
    assert count_turn(Turn(transcript=path, since=NOON), PRICES).cost_usd == pytest.approx(2 * cost_of(1000))


async def test_it_waits_for_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first turn of a conversation ends before there is one."""
    talk = Talk()
    turn = Turn(transcript=talk.path(tmp_path), since=NOON, last_message="hello")
    library = Library(tmp_path / "prices.toml", lambda: [tmp_path])

    def count(turn: Turn, *more: object) -> object:
        counted = count_turn(turn, PRICES)
        talk.write(tmp_path, [talk.answer("hello")])
        return counted

    monkeypatch.setattr("ptyd.conversations.library.count_turn", count)
    assert (await library.count_turn(turn)).cost_usd > 0
    library.close()


async def test_it_waits_for_the_last_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    talk = Talk()
    path = talk.write(tmp_path, [talk.prompt("now"), talk.answer("first")])
    turn = Turn(transcript=path, since=NOON, last_message="last")
    library = Library(tmp_path / "prices.toml", lambda: [tmp_path])
    looks: list[bool] = []

    def count(turn: Turn, *more: object) -> object:
        counted = count_turn(turn, PRICES)
        looks.append(counted.is_whole)
        if len(looks) == 2:
            talk.write(tmp_path, [talk.answer(" last\n")])
        return counted

    monkeypatch.setattr("ptyd.conversations.library.count_turn", count)
    assert (await library.count_turn(turn)).cost_usd == pytest.approx(2 * cost_of(1000))
    assert looks == [False, False, True]
    library.close()


async def test_a_message_that_is_never_written_is_not_waited_for_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ptyd.conversations.library.TURN_SECONDS", 0.1)
    talk = Talk()
    path = talk.write(tmp_path, [talk.prompt("now"), talk.answer("first")])
    library = Library(tmp_path / "prices.toml", lambda: [tmp_path])
    counted = await library.count_turn(Turn(transcript=path, since=NOON, last_message="never"))
    assert (counted.is_whole, counted.tokens.input) == (False, 1000)
    library.close()
