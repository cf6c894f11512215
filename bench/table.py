"""Findings as a table for people, as Markdown for the README, and as JSON for programs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Any

from bench.figures import Figure, Finding, Skipped

HEADINGS = ("subject", "figure", "value", "ratio", "bar", "")


def format_table(findings: Sequence[Finding]) -> str:
    """Plain text; one block a scenario."""
    rows = [HEADINGS, *(format_row(finding) for finding in findings if isinstance(finding, Figure))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    lines = []
    for scenario, group in groupby(findings, key=lambda finding: finding.scenario):
        lines += ["", scenario, join_cells(HEADINGS, widths)]
        for finding in group:
            match finding:
                case Figure():
                    lines.append(join_cells(format_row(finding), widths))
                case Skipped():
                    lines.append(f"  {finding.subject}: not measured: {finding.reason}")
    return "\n".join(lines)


def join_cells(cells: Iterable[str], widths: Sequence[int]) -> str:
    return "  " + "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def format_markdown(findings: Sequence[Finding]) -> str:
    """One table of what has a bar or a ratio."""
    lines = ["| | | reached | ratio | bar |", "|---|---|---|---|---|"]
    for finding in findings:
        if isinstance(finding, Figure):
            _, _, value, ratio, bar, verdict = format_row(finding)
            lines.append(
                f"| {finding.scenario}: {finding.what} | {finding.subject} | {value} | {ratio} | {bar} {verdict} |"
            )
    return "\n".join(lines)


def format_row(figure: Figure) -> tuple[str, str, str, str, str, str]:
    """The cells under HEADINGS."""
    ratio = "" if figure.ratio is None else f"{figure.ratio:.2f} of {figure.ratio_to}"
    verdict = {None: "", True: "reached", False: "MISSED"}[figure.reaches_bar]
    return figure.subject, figure.what, format_value(figure.value, figure.unit), ratio, format_bar(figure), verdict


def format_value(value: float, unit: str) -> str:
    return f"{value:.3g} {unit}" if abs(value) < 1000 else f"{value:.0f} {unit}"


def format_bar(figure: Figure) -> str:
    bar = figure.bar
    if bar is None:
        return ""
    return f"{bar.sign} " + (f"{bar.limit:g}" if bar.of == "ratio" else format_value(bar.limit, figure.unit))


def make_json(
    machine: Mapping[str, object], started_at: str, quick: bool, findings: Iterable[Finding]
) -> dict[str, Any]:
    """Everything that was found, with the samples."""
    findings = list(findings)
    return {
        "started_at": started_at,
        "quick": quick,
        "machine": dict(machine),
        "figures": [
            {**asdict(finding), "reaches_bar": finding.reaches_bar}
            for finding in findings
            if isinstance(finding, Figure)
        ],
        "skipped": [asdict(finding) for finding in findings if isinstance(finding, Skipped)],
    }
