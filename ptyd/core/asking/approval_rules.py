"""Rules of the configuration that answer by themselves (``[[approvals.rules]]``). The first that fits counts."""

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import PurePath
from typing import Annotated, Literal

from msgspec import Meta, Struct

SHELL_TOOLS = frozenset({"Bash", "PowerShell", "Monitor"})
"""Their input is a command line, which may hold several commands."""

_SHELL_OPERATORS = re.compile(r"[;&|<>`\n\r]|\$\(")

Glob = Annotated[str, Meta(min_length=1, max_length=4096)]


class ApprovalRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``tool`` and ``pattern`` are globs (``*``, ``?``, ``[...]``) for the tool's name and for what it is to work on (a
    command, a path, an address). ``project``: a folder; what is asked in it and below it. Empty: any."""

    answer: Literal["allow", "deny"]
    tool: Glob = "*"
    pattern: Glob = "*"
    project: str = ""
    message: Annotated[str, Meta(max_length=4096)] = ""
    """What the program is told with a denial."""

    def find_fault(self) -> str:
        """What is wrong with the rule; empty: nothing."""
        if self.project and not PurePath(self.project).is_absolute():
            return f"project must be an absolute path, and {self.project!r} is none"
        if self.answer == "allow" and (self.tool, self.pattern) == ("*", "*"):
            return "a rule that allows everything is none: say which tool, or which pattern"
        if self.message and self.answer != "deny":
            return "message is for a rule that denies"
        return ""

    def fits(self, tool: str, subject: str, cwd: str) -> bool:
        """``subject``: what the tool is to work on."""
        if not fnmatchcase(tool, self.tool):
            return False
        if self.project and not PurePath(cwd).is_relative_to(PurePath(self.project)):
            return False
        if self.pattern == subject:
            return True
        if not fnmatchcase(subject, self.pattern):
            return False
        # "git status*" is not to let "git status; rm -r ~" through.
        is_compound = tool in SHELL_TOOLS and _SHELL_OPERATORS.search(subject) is not None
        return self.answer == "deny" or not is_compound or self.pattern == "*"


def find_rule(rules: Sequence[ApprovalRule], tool: str, subject: str, cwd: str) -> tuple[int, ApprovalRule] | None:
    """The first rule that fits, and its number from 1."""
    for number, rule in enumerate(rules, 1):
        if rule.fits(tool, subject, cwd):
            return number, rule
    return None
