"""``ptyd cost``."""

import re
from datetime import date, datetime, timedelta

import click
from ptyd_protocol.conversations import CostGroup, CostParams, CostResult, CostRow

from ptyd_cli.calls import ask
from ptyd_cli.errors import say
from ptyd_cli.money import explain_estimate, format_cost, format_count
from ptyd_cli.options import json_option
from ptyd_cli.output import format_table, print_json
from ptyd_cli.verbs.conversations import SHORT_ID_CHARS, cwd_option, place_of, shorten_front

HEADS = ("COST", "ANSWERS", "INPUT", "OUTPUT", "CACHE READ", "CACHE WRITE")
MAX_KEY_CHARS = 60


def _parse_since(_ctx: click.Context, _param: click.Parameter, text: str) -> str:
    """A day, or so many of them (``7d``) with today, as ISO has it."""
    days = re.fullmatch(r"(\d{1,5})d", text)
    try:
        if days is not None:
            return (date.today() - timedelta(days=max(0, int(days[1]) - 1))).isoformat()
        return datetime.fromisoformat(text).date().isoformat() if text else ""
    except (ValueError, OverflowError):
        raise click.BadParameter(f"{text!r} is neither a day (2026-11-29) nor a number of them (7d)") from None


@click.command("cost")
@click.option(
    "--by",
    type=click.Choice(["day", "directory", "conversation", "session"]),
    default="day",
    show_default=True,
    help="What to add up for.",
)
@click.option("--since", default="", callback=_parse_since, metavar="DAY", help="The first day, or 7d: the last seven.")
@cwd_option
@click.option("--limit", type=click.IntRange(1, 1000), default=200, show_default=True, help="So many rows at most.")
@json_option
def command(by: CostGroup, since: str, cwd: str, limit: int, is_json: bool) -> None:
    """Say what conversations of Claude Code have cost, in US dollars, and how many tokens they took.

    Each answer counts once, also where a conversation was forked or resumed. A cost with a ~ is estimated in part, by
    a table of prices: Claude Code writes down the true one when it ends.
    """
    result: CostResult = ask("cost", CostParams(by=by, since=since, cwd=place_of(cwd), limit=limit))
    if is_json:
        print_json(result)
        return
    rows = [*((format_key(row, by), *format_row(row)) for row in result.rows), ("total", *format_row(result.total))]
    print(format_table((by.upper(), *HEADS), rows))
    note = explain_estimate(result.total.estimated_usd)
    if note:
        say(note)


def format_key(row: CostRow, by: CostGroup) -> str:
    if by == "conversation":
        return f"{row.key[:SHORT_ID_CHARS]} {row.label}"[:MAX_KEY_CHARS]
    return shorten_front(row.label or row.key, MAX_KEY_CHARS)


def format_row(row: CostRow) -> tuple[str, ...]:
    counts = (row.tokens.input, row.tokens.output, row.tokens.cache_read, row.tokens.cache_write)
    return (format_cost(row.cost_usd, row.estimated_usd), str(row.answers), *map(format_count, counts))
