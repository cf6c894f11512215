"""The examples of docs/examples, run as a reader would, each on an empty daemon."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.daemon import PtydUnderTest, running_ptyd
from tests.support.waiting import stretch_deadline

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"

EXPECTED = {
    "run_command.py": ["hello", "/", "10 bytes, exit code 0"],
    "several_sessions.py": [
        "quick: exit code 0, said 'quick'",
        "slow: exit code 3, said 'slow'",
        "stuck: took too long, ended by signal 1",
    ],
    "drive_bash.py": ["6 * 7 = 42", "we are in /", "now in /tmp", "bash ended with 4"],
    "follow_events.py": ["created: example is running", "renamed: renamed is running", "exited: renamed is exited"],
    "blocking_face.py": ["[b'typed once', b'typed once']", "cat ended with 0"],
}


@pytest.fixture
def server() -> Iterator[PtydUnderTest]:
    with running_ptyd() as running:
        yield running


@pytest.mark.parametrize("name", EXPECTED)
def test_example(server: PtydUnderTest, name: str) -> None:
    finished = subprocess.run(
        [sys.executable, str(EXAMPLES / name)],
        env=server.env,
        capture_output=True,
        text=True,
        timeout=stretch_deadline(60),
        check=False,
    )
    assert finished.stderr == ""
    assert finished.stdout.splitlines() == EXPECTED[name]
    assert finished.returncode == 0


def test_every_example_is_run() -> None:
    assert {path.name for path in EXAMPLES.glob("*.py")} == set(EXPECTED)
