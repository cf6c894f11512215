"""Runs pytest; what failed is tried once more alone, and said so.

    python tools/run_tests.py PYTEST_ARGUMENT...

Two cores run real browsers, terminals and daemons at the same time, next to whatever else the machine does. A test
that fails there and passes alone has found a race, in itself or in ptyd: it is a bug to be mended, and its name is
printed at the end. But it does not hide whether the rest is good. More than MAX_SECOND_TRIES failures are never tried
again.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
MAX_SECOND_TRIES = 5
ALONE = ["-n0"]
TESTS_FAILED = 1
"""pytest's exit code where tests ran and some failed; all others but 0 mean that it could not run them."""


def main(arguments: Sequence[str], root: Path = ROOT) -> int:
    code = _run_pytest(arguments, root)
    if code != TESTS_FAILED:
        return code
    failed = read_failed(root / ".pytest_cache")
    if not 0 < len(failed) <= MAX_SECOND_TRIES:
        return code
    print(f"\n{len(failed)} failed: once more, alone", flush=True)
    code = _run_pytest([*failed, *ALONE], root)
    if code == 0:
        print("These needed a second try, which is a bug in them or in ptyd:", *failed, sep="\n  ", flush=True)
    return code


def read_failed(cache_dir: Path) -> list[str]:
    """The node ids of the tests that failed in the last run."""
    try:
        return list(json.loads((cache_dir / "v" / "cache" / "lastfailed").read_text()))
    except FileNotFoundError:
        return []


def _run_pytest(arguments: Sequence[str], root: Path) -> int:
    return subprocess.run([sys.executable, "-m", "pytest", *arguments], cwd=root, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
