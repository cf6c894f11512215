"""What an edit would change, as a unified diff."""

import difflib

MAX_DIFF_LINES = 4000
CONTEXT_LINES = 3


def make_diff(path: str, before: str, after: str) -> str:
    """Between two states of a file. Where there is too much of it to compare in time, all old and all new lines."""
    old, new = before.splitlines(), after.splitlines()
    if len(old) + len(new) > MAX_DIFF_LINES:
        lines = [f"--- {path}", f"+++ {path}", *(f"-{line}" for line in old), *(f"+{line}" for line in new)]
        return "\n".join(lines)
    return "\n".join(difflib.unified_diff(old, new, path, path, n=CONTEXT_LINES, lineterm=""))
