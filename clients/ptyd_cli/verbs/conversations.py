"""``ptyd conversations``."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from pathlib import Path

import click
from ptyd_protocol.conversations import (
    ConversationExportParams,
    ConversationExportResult,
    ConversationHit,
    ConversationInfo,
    ConversationSearchParams,
    ConversationSearchResult,
    ConversationsParams,
    ConversationsResult,
    Excerpt,
    ExportFormat,
)
from ptyd_protocol.methods import NoParams
from ptyd_protocol.sessions import SessionInfo

from ptyd_cli.calls import ask
from ptyd_cli.creation import place_on_machine
from ptyd_cli.errors import say
from ptyd_cli.money import explain_estimate, format_cost, format_tokens
from ptyd_cli.options import json_option
from ptyd_cli.output import age_of, format_bytes, format_table, print_json, printable
from ptyd_cli.verbs.ls import shorten

HEADS = ("ID", "LAST USED", "MESSAGES", "SIZE", "TOKENS", "COST", "SESSION", "DIRECTORY", "TITLE")
SHORT_ID_CHARS = 8
MAX_DIRECTORY_CHARS = 40
MAX_TITLE_CHARS = 60
SEARCH_TIMEOUT_SECONDS = 60.0

cwd_option = click.option(
    "--cwd", default="", metavar="DIR", help="Only conversations begun in this directory or below it."
)


@click.group("conversations", invoke_without_command=True)
@cwd_option
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="So many at most.")
@json_option
@click.pass_context
def command(ctx: click.Context, cwd: str, limit: int, is_json: bool) -> None:
    """List the conversations of Claude Code, the latest first, whether they were held in a session or not.

    An ID may be shortened as long as it is the only one that begins so. `ptyd resume ID` goes on with one.
    """
    if ctx.invoked_subcommand is not None:
        return
    result: ConversationsResult = ask("conversations", ConversationsParams(cwd=place_of(cwd), limit=limit))
    if is_json:
        print_json(result.conversations)
    elif not result.conversations:
        print("no conversations")
    else:
        names = name_sessions()
        print(format_table(HEADS, [format_row(one, names) for one in result.conversations]))
        left_out = result.total - len(result.conversations)
        notes = [explain_estimate(sum(one.estimated_usd for one in result.conversations))]
        notes.append(f"{left_out} more; --limit shows them" if left_out else "")
        for note in filter(None, notes):
            say(note)


@command.command("search")
@click.argument("text")
@cwd_option
@click.option("--limit", type=click.IntRange(1, 100), default=20, show_default=True, help="So many at most.")
@json_option
def search(text: str, cwd: str, limit: int, is_json: bool) -> None:
    """Find the conversations in which a person or Claude said TEXT, whatever its case."""
    if not text:
        raise click.BadParameter("there is nothing to search for", param_hint="TEXT")
    result: ConversationSearchResult = ask(
        "conversation_search",
        ConversationSearchParams(text=text, cwd=place_of(cwd), limit=limit),
        timeout=SEARCH_TIMEOUT_SECONDS,
    )
    if is_json:
        print_json(result)
        return
    for hit in result.hits:
        print(format_hit(hit))
    if not result.hits:
        print("nothing found")
    if not result.is_complete:
        say("there may be more: the search ended at its limit")


@command.command("export")
@click.argument("conversation", metavar="ID|NAME")
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["markdown", "json", "html"]),
    default="markdown",
    show_default=True,
    help="What to write. HTML is one file that loads nothing.",
)
@click.option(
    "-o",
    "--output",
    "file",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    metavar="FILE",
    help="Write it there; else to standard output.",
)
def export(conversation: str, file_format: ExportFormat, file: Path | None) -> None:
    """Write a conversation as a file: by its id, or by the name of a session that has it."""
    pieces = export_pieces(conversation, file_format)
    first = next(pieces)  # before a file is made
    with file.open("wb") if file is not None else nullcontext(sys.stdout.buffer) as output:
        output.write(first)
        for piece in pieces:
            output.write(piece)
        output.flush()


def export_pieces(conversation: str, file_format: ExportFormat) -> Iterator[bytes]:
    """One after the other, as the daemon makes them."""
    resume: str | None = ""
    while resume is not None:
        params = ConversationExportParams(conversation=conversation, format=file_format, resume=resume)
        result: ConversationExportResult = ask("conversation_export", params)
        yield result.data
        resume = result.resume


def name_sessions() -> dict[str, str]:
    """By their ids."""
    sessions: list[SessionInfo] = ask("list", NoParams())
    return {info.id: info.name for info in sessions}


def place_of(cwd: str) -> str:
    return place_on_machine("--cwd", Path(cwd)) if cwd else ""


def format_row(info: ConversationInfo, session_names: Mapping[str, str]) -> tuple[str, ...]:
    return (
        info.id[:SHORT_ID_CHARS],
        age_of(info.last_used_at),
        str(info.messages),
        format_bytes(info.size),
        format_tokens(info.tokens),
        format_cost(info.cost_usd, info.estimated_usd),
        "-" if info.session is None else session_names.get(info.session, info.session),
        shorten_front(info.cwd, MAX_DIRECTORY_CHARS),
        shorten(info.title, MAX_TITLE_CHARS),
    )


def shorten_front(text: str, max_chars: int) -> str:
    shown = printable(text)
    return shown if len(shown) <= max_chars else "…" + shown[-(max_chars - 1) :]


def format_hit(hit: ConversationHit) -> str:
    info = hit.conversation
    head = f"{info.id[:SHORT_ID_CHARS]}  {age_of(info.last_used_at)}  {printable(info.cwd)}  {printable(info.title)}"
    return "\n".join([head, *(f"    {format_excerpt(excerpt)}" for excerpt in hit.excerpts)])


def format_excerpt(excerpt: Excerpt) -> str:
    """One line; what was found stands out on a terminal."""
    parts = (
        excerpt.text[: excerpt.begin],
        excerpt.text[excerpt.begin : excerpt.end],
        excerpt.text[excerpt.end :],
    )
    before, found, after = (printable(" ".join(part.split("\n"))) for part in parts)
    mark = click.style(found, bold=True) if sys.stdout.isatty() else found
    return f"{excerpt.role}: {before}{mark}{after}"
