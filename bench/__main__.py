"""``python -m bench``: measure everything, print the table, write the JSON."""

import argparse
import json
import sys
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from bench.figures import Finding, Skipped
from bench.machine import describe_load, describe_machine
from bench.plan import Plan, report
from bench.programs import compile_programs
from bench.scenarios import (
    attach,
    command_line,
    echo,
    eight,
    flood,
    flood_kinds,
    idle,
    idle_screens,
    slow_client,
    snapshots,
    transcripts,
    viewers,
)
from bench.table import format_markdown, format_table, make_json

RESULTS = Path(__file__).parent / "results"

SCENARIOS: dict[str, Callable[[Plan], list[Finding]]] = {
    "flood": flood.measure,
    "flood-plain": flood_kinds.measure_plain,
    "flood-colour": flood_kinds.measure_colour,
    "flood-tui": flood_kinds.measure_tui,
    "echo": echo.measure,
    "viewers": viewers.measure,
    "eight": eight.measure,
    "slow-client": slow_client.measure,
    "attach": attach.measure,
    "snapshots": snapshots.measure,
    "idle": idle.measure,
    "idle-screens": idle_screens.measure,
    "command-line": command_line.measure,
    "transcripts": transcripts.measure,
}


def main() -> int:
    options = parse_options()
    started_at = datetime.now(UTC)
    plan = Plan(compile_programs(), quick=options.quick)
    machine = describe_machine()
    if warning := describe_load():
        report(f"warning: {warning}")
    findings: list[Finding] = []
    for name in options.scenarios or SCENARIOS:
        findings += measure_scenario(name, plan)
    print("  ".join(f"{fact}: {value}" for fact, value in machine.items() if value != ""))
    print(format_table(findings))
    if options.markdown:
        print("\n" + format_markdown(findings))
    path = options.json or RESULTS / f"{started_at:%Y%m%dT%H%M%SZ}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    results = make_json(machine, started_at.isoformat(timespec="seconds"), plan.quick, findings)
    path.write_text(json.dumps(results, indent=1) + "\n")
    print(f"\nwritten to {path}")
    return 1 if any(isinstance(finding, Skipped) for finding in findings) else 0


def measure_scenario(name: str, plan: Plan) -> list[Finding]:
    """A scenario that fails says so in the table, and leaves the others their say."""
    began_at = time.monotonic()
    try:
        return SCENARIOS[name](plan)
    except Exception as error:
        traceback.print_exc()
        return [Skipped(name, "all", f"failed: {error!r}")]
    finally:
        report(f"{name}: took {time.monotonic() - began_at:.0f} s")


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure ptyd against its peers.")
    parser.add_argument(
        "scenarios",
        nargs="*",
        metavar="SCENARIO",
        help=f"only these: {', '.join(SCENARIOS)}",
    )
    parser.add_argument("--quick", action="store_true", help="see that it works; the figures are good for nothing else")
    parser.add_argument("--json", type=Path, metavar="FILE", help="instead of bench/results/TIME.json")
    parser.add_argument("--markdown", action="store_true", help="print the table for the README too")
    options = parser.parse_args()
    # argparse cannot have choices for "any number, none too".
    if unknown := set(options.scenarios) - set(SCENARIOS):
        parser.error(f"no such scenario: {', '.join(sorted(unknown))}; there are {', '.join(SCENARIOS)}")
    return options


if __name__ == "__main__":
    sys.exit(main())
