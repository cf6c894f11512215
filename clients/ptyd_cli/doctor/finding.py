"""What a check finds."""

from collections.abc import Callable
from typing import Literal, TypeAlias

from msgspec import Struct

State = Literal["ok", "note", "warning", "error"]
"""note: something is missing that not everybody needs. warning: it works, and may not for long. error: it does not."""


class Finding(Struct, frozen=True, kw_only=True):
    """``what`` was found, ``why`` it matters, and what ``to_do`` about it; both empty where all is well."""

    check: str
    state: State
    what: str
    why: str = ""
    to_do: str = ""


Check: TypeAlias = Callable[[], list[Finding]]


def run_checks(checks: dict[str, Check]) -> list[Finding]:
    """Every check's findings, in order. One that fails itself is a finding, and hinders no other."""
    findings = []
    for name, check in checks.items():
        try:
            findings += check()
        except Exception as error:
            findings.append(
                Finding(
                    check=name,
                    state="warning",
                    what=f"this could not be looked at: {type(error).__name__}: {error}",
                    why="something here is unlike what ptyd expects",
                    to_do="report it, with this line",
                )
            )
    return findings
