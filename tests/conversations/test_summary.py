"""What a transcript comes to: counted once, and costing what the CLI says."""

from typing import Any

import pytest

from ptyd.conversations.prices import SHIPPED, Price, PriceTable, read_prices
from ptyd.conversations.summary import Claims, Summary, day_of
from ptyd.conversations.transcript import parse_line
from tests.support.transcripts import NOON, Talk, to_line, usage_of

DAY_SECONDS = 86_400
PRICES = PriceTable(read_prices(SHIPPED))
ANSWER_USD = (1000 * 4 + 20 * 20 + 4000 * 0.2 + 250 * 5) / 1_000_000
"""One answer of usage_of() by the shipped table."""


def sum_up(*lines: dict[str, Any], claims: Claims | None = None, of_agents: tuple[dict[str, Any], ...] = ()) -> Summary:
    summary = Summary(PRICES, claims or Claims(), "-home-ada-repo")
    for line, is_agent in [*((one, True) for one in of_agents), *((one, False) for one in lines)]:
        parsed = parse_line(to_line(line).encode().rstrip())
        if parsed is not None:
            summary.take(parsed, is_agent=is_agent)
    return summary


def cost_of(summary: Summary) -> tuple[float, float]:
    """All of it, and what is estimated."""
    days = summary.days().values()
    return sum(day.cost for day in days), sum(day.estimated for day in days)


def counted(answers: int) -> dict[str, dict[str, Any]]:
    return {"claude_opus_5_5": {name: count * answers for name, count in usage_of().items()}}


def test_counts_and_title() -> None:
    talk = Talk()
    summary = sum_up(talk.prompt("mend it\nplease"), talk.answer("first"), talk.tool_result("ok"), talk.answer("done"))
    assert (summary.prompts, summary.answers, summary.messages, summary.title) == (1, 2, 3, "mend it")
    assert (summary.began_at, summary.last_used_at, summary.model) == (NOON, NOON + 3, "claude-opus-5-5")
    named = {"type": "custom-title", "customTitle": "my own", "sessionId": talk.id}
    assert sum_up(talk.prompt("mend it"), named, talk.prompt("more")).title == "my own"


def test_an_answer_in_several_lines_counts_once() -> None:
    """Each block is a line; the first ones may have been written before the last tokens were counted."""
    talk = Talk()
    first = talk.answer("one", usage={**usage_of(), "output_tokens": 1})
    second = {**first, "message": {**first["message"], "usage": usage_of()}}
    summary = sum_up(first, second, second)
    [day] = summary.days().values()
    assert (summary.answers, day.answers, day.tokens.input, day.tokens.output) == (1, 1, 1000, 20)
    assert cost_of(summary) == (pytest.approx(ANSWER_USD), pytest.approx(ANSWER_USD))


def test_what_the_cli_says_is_spread_over_the_days() -> None:
    talk = Talk()
    first = talk.answer("on one day")
    talk.at += DAY_SECONDS
    lines = [first, talk.answer("on the next"), talk.answer("and again"), talk.cost(3.0, **counted(3))]
    days = sum_up(*lines).days()
    assert {day: use.cost for day, use in days.items()} == {
        day_of(NOON): pytest.approx(1.0),
        day_of(NOON + DAY_SECONDS): pytest.approx(2.0),
    }
    assert not any(use.estimated for use in days.values())


def test_a_resume_adds_up_and_what_follows_is_estimated() -> None:
    talk = Talk()
    lines = [talk.answer("a"), talk.cost(1.0, **counted(1)), talk.answer("b"), talk.cost(1.5, **counted(2))]
    assert cost_of(sum_up(*lines)) == (pytest.approx(1.5), 0)
    cost, estimated = cost_of(sum_up(*lines, talk.answer("c")))
    assert (cost, estimated) == (pytest.approx(1.5 + ANSWER_USD), pytest.approx(ANSWER_USD))


def test_the_same_word_twice_changes_nothing() -> None:
    talk = Talk()
    said = talk.cost(1.0, **counted(1))
    assert cost_of(sum_up(talk.answer("a"), said, said)) == (pytest.approx(1.0), 0)


def test_a_run_that_was_killed_is_not_lost() -> None:
    """The next one counts on from where the one before was: the killed one's tokens are in no ``cost-state``."""
    talk = Talk()
    lines = [talk.answer("a"), talk.cost(1.0, **counted(1)), talk.answer("killed"), talk.answer("b")]
    cost, estimated = cost_of(sum_up(*lines, talk.cost(2.0, **counted(2))))
    assert (cost, estimated) == (pytest.approx(2.0 + ANSWER_USD), pytest.approx(ANSWER_USD))


def test_a_count_that_began_anew() -> None:
    talk = Talk()
    lines = [talk.answer("a"), talk.cost(1.0, **counted(1)), talk.answer("b"), talk.cost(0.25, **counted(1))]
    assert cost_of(sum_up(*lines)) == (pytest.approx(1.25), 0)


def test_cost_without_an_answer_is_of_that_day() -> None:
    talk = Talk()
    lines = [talk.answer("a"), talk.cost(1.0, **counted(1)), talk.prompt("x"), talk.cost(1.25, **counted(1))]
    assert cost_of(sum_up(*lines)) == (pytest.approx(1.25), 0)


def test_a_fork_pays_for_its_own() -> None:
    """It begins with a copy, and the CLI counts on from the copy's cost."""
    claims, talk, fork = Claims(), Talk(), Talk()
    answer = talk.answer("a")
    origin = sum_up(talk.prompt("hello"), answer, talk.cost(1.0, **counted(1)), claims=claims)
    copied = {**answer, "sessionId": fork.id, "requestSessionId": talk.id}
    lines = [copied, fork.answer("b"), fork.cost(2.0, **counted(2))]
    forked = sum_up(*lines, claims=claims)
    assert cost_of(origin) == (pytest.approx(1.0), 0)
    assert cost_of(forked) == (pytest.approx(1.0), 0)
    assert forked.inherited_cost == pytest.approx(1.0)
    assert forked.answers == 2
    # Read before the original it is the same.
    assert cost_of(sum_up(*lines)) == (pytest.approx(1.0), 0)


def test_a_fork_of_an_older_version_pays_for_its_own() -> None:
    """Those did not say whose an answer is."""
    claims, talk, fork = Claims(), Talk(), Talk()
    answer = talk.answer("a")
    sum_up(answer, talk.cost(1.0, **counted(1)), claims=claims)
    forked = sum_up({**answer, "sessionId": fork.id}, fork.answer("b"), fork.cost(2.0, **counted(2)), claims=claims)
    assert (cost_of(forked)[0], forked.inherited_cost) == (pytest.approx(1.0), pytest.approx(1.0))


def test_a_fork_of_one_that_was_running() -> None:
    """Then the CLI counts from nothing."""
    talk, fork = Talk(), Talk()
    copied = {**talk.answer("a"), "sessionId": fork.id, "requestSessionId": talk.id}
    forked = sum_up(copied, fork.answer("b"), fork.cost(1.0, **counted(1)))
    assert (cost_of(forked), forked.inherited_cost) == ((pytest.approx(1.0), 0), 0)


def test_subagents_are_part_of_it() -> None:
    talk, agent = Talk(), Talk()
    helped = agent.answer("found it", isSidechain=True)
    told = sum_up(talk.answer("a"), talk.cost(2.0, **counted(2)), of_agents=(helped,))
    [day] = told.days().values()
    assert (told.answers, day.answers, day.tokens.input) == (1, 2, 2000)
    assert cost_of(told) == (pytest.approx(2.0), 0)
    cost, estimated = cost_of(sum_up(talk.answer("b"), of_agents=(helped,)))
    assert cost == estimated == pytest.approx(2 * ANSWER_USD)


def test_costs_of_old_versions_stand_with_each_answer() -> None:
    talk = Talk()
    assert cost_of(sum_up(talk.answer("a", costUSD=0.25), talk.answer("b", costUSD=0.5))) == (pytest.approx(0.75), 0)


def test_messages_of_the_program_cost_nothing() -> None:
    talk = Talk(model="<synthetic>")
    assert sum_up(talk.answer("API Error")).days() == {}


def test_the_directory_is_that_of_the_beginning() -> None:
    talk = Talk()
    lines = [talk.prompt("a", cwd="/home/ada/repo/sub"), talk.prompt("b"), talk.prompt("c", cwd="/elsewhere")]
    assert sum_up(*lines).cwd == "/home/ada/repo"


@pytest.mark.parametrize(
    ("model", "price"),
    [
        ("claude-opus-5-5", 4.0),
        ("claude-opus-5", 5.0),
        ("claude-opus-4-6-20260101", 5.0),
        ("claude-opus-4-20250514", 15.0),
        ("claude-opus-4-1-20250805", 15.0),
        ("claude-sonnet-4-5-20250929", 3.0),
        ("claude-haiku-5-5", 0.1),
        ("somebody-elses", 4.0),
    ],
)
def test_the_longest_name_counts(model: str, price: float) -> None:
    assert PRICES.find(model).input == price


def test_prices_for_an_hour_are_others() -> None:
    table = PriceTable({"other": Price(1.0, 1.0, 1.0, 2.0, 4.0)})
    talk = Talk()
    usage = {
        "cache_creation_input_tokens": 1_000_000,
        "cache_creation": {"ephemeral_1h_input_tokens": 500_000},
    }
    summary = Summary(table, Claims())
    line = parse_line(to_line(talk.answer("a", usage=usage)).encode())
    assert line is not None
    summary.take(line)
    assert cost_of(summary)[0] == pytest.approx(3.0)
