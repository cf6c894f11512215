"""``ptyd doctor``."""

import sys

import click

from ptyd_cli.doctor import installation, machine, running
from ptyd_cli.doctor.finding import Finding, run_checks
from ptyd_cli.options import json_option
from ptyd_cli.output import print_json, printable

SIGNS = {"ok": "✓", "note": "·", "warning": "!", "error": "✗"}
COLOURS = {"ok": "32", "note": "36", "warning": "33", "error": "31"}


@click.command("doctor")
@json_option
def command(is_json: bool) -> int:
    """Look at the installation, the machine and what runs, and say what to mend.

    Starts and changes nothing. Exits 1 where something does not work.
    """
    findings = run_checks({**installation.CHECKS, **machine.CHECKS, **running.CHECKS})
    if is_json:
        print_json(findings)
    else:
        for finding in findings:
            print("\n".join(describe(finding, has_colour=sys.stdout.isatty())))
        print(summarize(findings))
    return int(any(finding.state == "error" for finding in findings))


def describe(finding: Finding, *, has_colour: bool) -> list[str]:
    sign = SIGNS[finding.state]
    if has_colour:
        sign = f"\x1b[{COLOURS[finding.state]}m{sign}\x1b[0m"
    lines = [f"{sign} {finding.check}: {printable(finding.what)}"]
    if finding.why:
        lines += [f"    why it matters: {printable(finding.why)}", f"    what to do: {printable(finding.to_do)}"]
    return lines


def summarize(findings: list[Finding]) -> str:
    errors, warnings = (sum(finding.state == state for finding in findings) for state in ("error", "warning"))
    if not errors and not warnings:
        return "all is well"
    return f"{errors} to mend, {warnings} to look at"
