"""``ptyd runs``."""

import click
from ptyd_protocol.methods import NoParams
from ptyd_protocol.runs import RunInfo, RunRefParams
from ptyd_sdk import oneshot
from ptyd_sdk.errors import DaemonUnreachable

from ptyd_cli.calls import ask, ask_about_session, keeper_runs
from ptyd_cli.options import json_option
from ptyd_cli.output import age_of, format_table, print_json
from ptyd_cli.verbs.ls import shorten

HEADS = ("ID", "NAME", "STATE", "AGE", "PRIORITY", "TURNS", "COST", "PROMPT")
MAX_PROMPT_CHARS = 60


@click.command("runs")
@json_option
@click.option("--stop", "stopped", metavar="ID", help="Interrupt a run, or drop it where it waits.")
def command(is_json: bool, stopped: str | None) -> None:
    """List the structured runs (see `ptyd run`): first those that wait, in the order in which they will start."""
    if stopped is not None:
        if not stopped:
            raise click.BadParameter("a run's id cannot be empty", param_hint="--stop")
        ask_about_session("run_stop", RunRefParams(run=stopped))
        return
    runs = fetch_runs()
    if is_json:
        print_json(runs)
    elif runs:
        print(format_table(HEADS, [format_row(info) for info in runs]))
    else:
        print("no runs; `ptyd run PROMPT` starts one")


def fetch_runs() -> list[RunInfo]:
    """Where nothing of ptyd runs there is none, and nothing is started to say so."""
    try:
        runs: list[RunInfo] = oneshot.request("run_list", NoParams())
    except DaemonUnreachable:
        if not keeper_runs():
            return []
        runs = ask("run_list", NoParams())
    return runs


def format_row(info: RunInfo) -> tuple[str, ...]:
    outcome = info.outcome
    return (
        info.id,
        info.name,
        describe_state(info),
        age_of(info.started_at or info.queued_at),
        str(info.priority),
        "" if outcome is None else str(outcome.turns),
        "" if outcome is None else f"${outcome.cost_usd:.4f}",
        shorten(info.prompt, MAX_PROMPT_CHARS),
    )


def describe_state(info: RunInfo) -> str:
    if info.state == "queued":
        return f"waits, {info.position}"
    return info.state if info.outcome is None else info.outcome.kind.replace("_", " ")
