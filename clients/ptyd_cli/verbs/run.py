"""``ptyd run``."""

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import click
from ptyd_protocol.run_events import RunGap
from ptyd_protocol.runs import RunOutcome
from ptyd_sdk import connect
from ptyd_sdk.run import Run

from ptyd_cli.creation import find_claude, place_on_machine, read_variables
from ptyd_cli.durations import Duration
from ptyd_cli.errors import ExitCode, say
from ptyd_cli.options import json_option
from ptyd_cli.output import escape_json, print_json, printable
from ptyd_cli.remote import is_remote, shares_machine

_EXIT_CODES = {
    "success": 0,
    "timeout": ExitCode.TIMEOUT,
    "interrupted": ExitCode.INTERRUPTED,
}
_SIGNAL_EXIT = 128


@click.command("run")
@click.argument("prompt", metavar="[PROMPT]", required=False)
@click.option("-m", "--model", default="", metavar="M", help="As Claude Code knows it; else its default.")
@click.option("--cwd", "directory", default="", metavar="D", help="Where it works; else the current directory.")
@click.option("--max-turns", type=click.IntRange(1, 1_000_000), metavar="N", help="End it after so many turns.")
@click.option("--timeout", type=Duration(), metavar="S", help="End it after so long: 90s, 30m, 2h.")
@click.option("--resume", default="", metavar="ID", help="Go on with a conversation.")
@click.option("--fork", "is_fork", is_flag=True, help="With --resume: in a new conversation that begins as that one.")
@click.option(
    "--priority",
    type=click.IntRange(-100, 100),
    default=0,
    metavar="P",
    help="Where runs have to wait, the highest starts first.",
)
@click.option("-n", "--name", default="", metavar="NAME", help="Its session's name; else made up.")
@click.option("-e", "--env", "variables", multiple=True, metavar="K=V", help="Set an environment variable.")
@click.option("-d", "--detached", "is_detached", is_flag=True, help="Do not wait for it; print its id.")
@click.option("--stream", "is_stream", is_flag=True, help="Print Claude Code's own lines of JSON as they come.")
@json_option
def command(
    prompt: str | None,
    model: str,
    directory: str,
    max_turns: int | None,
    timeout: float | None,
    resume: str,
    is_fork: bool,
    priority: int,
    name: str,
    variables: tuple[str, ...],
    is_detached: bool,
    is_stream: bool,
    is_json: bool,
) -> int:
    """Ask Claude Code PROMPT without a terminal, and print its answer.

    PROMPT "-", or none, is read from standard input. The run is a session: it goes on whoever looks, and the browser
    shows it live. Ctrl-C interrupts it. --json prints how it ended: answer, cost, turns, conversation.

    Exits with 0 where there is an answer, 124 after --timeout, 130 where it was interrupted, 1 where it failed.
    """
    if is_stream + is_json + is_detached > 1:
        raise click.UsageError("--stream, --json and -d exclude each other")
    if is_fork and not resume:
        raise click.UsageError("--fork goes with --resume")
    text = read_prompt(prompt)

    async def work() -> int:
        async with connect(start=not is_remote()) as ptyd:
            run = ptyd.run(
                text,
                model=model,
                cwd=place_on_machine("--cwd", Path(directory or ".")) if directory or shares_machine() else "",
                env=read_variables(variables),
                max_turns=max_turns,
                timeout=timeout,
                resume=resume,
                fork=is_fork,
                priority=priority,
                partial=is_stream,
                name=name,
                program=find_claude() if shares_machine() else "",
            )
            info = await run.start()
            if is_detached:
                print(info.id)
                return 0
            if info.state == "queued":
                say(f"waits for a place: number {info.position} in the queue")
            with stopping_on_interrupt(run):
                return await follow(run, is_stream=is_stream, is_json=is_json)

    return asyncio.run(work())


def read_prompt(prompt: str | None) -> str:
    if prompt is None and sys.stdin.isatty():
        raise click.UsageError('give a PROMPT, or "-" to type one')
    text = sys.stdin.read() if prompt in (None, "-") else prompt
    if text is None or not text.strip():
        raise click.UsageError("the prompt is empty")
    return text


@contextlib.contextmanager
def stopping_on_interrupt(run: Run) -> Iterator[None]:
    """The first Ctrl-C interrupts the run, the second leaves it alone."""
    loop, stops = asyncio.get_running_loop(), []

    def stop() -> None:
        loop.remove_signal_handler(signal.SIGINT)  # from now on it is an exception again
        stops.append(loop.create_task(run.stop()))

    loop.add_signal_handler(signal.SIGINT, stop)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGINT)


async def follow(run: Run, *, is_stream: bool, is_json: bool) -> int:
    """Print what is wanted until its end; the exit code."""
    if is_stream:
        async for event in run:
            if isinstance(event, RunGap):
                say(event.problem)
            else:
                print(escape_json(json.dumps(event.raw, ensure_ascii=False)), flush=True)
    outcome = await run.wait()
    if is_json:
        print_json(outcome)
    elif not is_stream and outcome.result:
        print(show_text(outcome.result))
    if outcome.denied:
        say(f"not permitted: {', '.join(sorted(set(outcome.denied)))}")
    if outcome.kind != "success":
        say(f"{outcome.kind.replace('_', ' ')}: {outcome.message}")
    return exit_code_of(outcome)


def show_text(text: str) -> str:
    """For a terminal with control characters shown; for a file as it is."""
    if not sys.stdout.isatty():
        return text
    return "\n".join("\t".join(printable(part) for part in line.split("\t")) for line in text.split("\n"))


def exit_code_of(outcome: RunOutcome) -> int:
    if outcome.kind in _EXIT_CODES:
        return _EXIT_CODES[outcome.kind]
    if outcome.kind in {"terminated", "killed"}:
        return _SIGNAL_EXIT + outcome.exit_signal if outcome.exit_signal is not None else outcome.exit_code or 1
    return ExitCode.FAILED
