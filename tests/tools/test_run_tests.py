"""What fails is tried once more alone; what fails again, or fails in numbers, has failed."""

from pathlib import Path

import pytest

from tools import run_tests

FAILS_ONCE = """
from pathlib import Path
def test_once():
    seen = Path({marker!r})
    if not seen.exists():
        seen.touch()
        raise AssertionError
"""


def run(tmp_path: Path, source: str) -> int:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_made.py").write_text(source)
    return run_tests.main(["test_made.py"], tmp_path)


def test_all_pass(tmp_path: Path) -> None:
    assert run(tmp_path, "def test_good(): pass\n") == 0


def test_a_second_try(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, FAILS_ONCE.format(marker=str(tmp_path / "seen"))) == 0
    assert "needed a second try" in (out := capfd.readouterr().out)
    assert "test_once" in out


def test_fails_again(tmp_path: Path) -> None:
    assert run(tmp_path, "def test_bad(): assert False\n") == 1


def test_too_many(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    count = run_tests.MAX_SECOND_TRIES + 1
    marker = str(tmp_path / "seen")
    source = "".join(
        f"def test_{n}():\n    from pathlib import Path\n    seen = Path({marker!r} + '{n}')\n"
        "    if not seen.exists():\n        seen.touch()\n        raise AssertionError\n"
        for n in range(count)
    )
    assert run(tmp_path, source) == 1
    assert "once more" not in capfd.readouterr().out


def test_cannot_run(tmp_path: Path) -> None:
    assert run(tmp_path, "this is no Python\n") not in (0, 1)
