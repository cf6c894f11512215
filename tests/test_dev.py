"""``./dev run`` on a fresh clone: it ends with the daemon running and a session on the screen."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.checkout import copy_checkout
from tests.support.remains import find_remains
from tests.support.terminal import RealTerminal

pytestmark = pytest.mark.timeout(600)  # npm and pip fetch packages where their caches are cold
INSTALL_DEADLINE_SECONDS = 500.0


@pytest.fixture
def place() -> Iterator[Path]:
    """A short path for a clone and a runtime directory; nothing may be left in it."""
    with tempfile.TemporaryDirectory(prefix="dv-", dir="/tmp") as folder:
        yield Path(folder)


def test_a_fresh_clone_ends_with_a_session_on_the_screen(place: Path) -> None:
    clone = copy_checkout(place / "clone")
    # The tester's own environment, which knows the way to the registries, but none of its virtual environment.
    own = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "PTYD", "VIRTUAL_ENV"))}
    env = {**own, "PTYD_DIR": str(place / "run"), "TERM": "xterm-256color", "PS1": "here> "}
    try:
        with RealTerminal(["./dev", "run", "bash", "--norc", "--noprofile"], env, cwd=clone) as terminal:
            terminal.wait_for_text("bash-", INSTALL_DEADLINE_SECONDS)
            terminal.type("echo session $PTYD_SESSION of $PTYD\r")
            terminal.wait_for_text("of 1")
            terminal.type("\x1cd")
            terminal.wait_for_text("[detached (from session bash)]")
            assert terminal.wait_for_end() == 0
        assert (clone / "ptyd" / "static" / "index.html").exists()
    finally:
        ptyd = clone / ".venv" / "bin" / "ptyd"
        if ptyd.exists():
            subprocess.run([ptyd, "down", "--kill-sessions"], env=env, check=True, timeout=60)
    assert find_remains(place / "run") == []


def test_says_how_it_is_used() -> None:
    shell = shutil.which("sh") or "/bin/sh"
    dev = Path(__file__).resolve().parent.parent / "dev"
    told = subprocess.run([shell, dev, "help"], capture_output=True, text=True, check=True)
    assert "./dev run" in told.stdout and "./dev check" in told.stdout
    wrong = subprocess.run([shell, dev, "dance"], capture_output=True, text=True, check=False)
    assert wrong.returncode == 1 and "dance" in wrong.stderr
