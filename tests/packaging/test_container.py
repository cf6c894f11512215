"""The container file, as far as it can be judged without building it."""

import json
import re
from pathlib import Path

import pytest
from ptyd_cli.main import VERBS

ROOT = Path(__file__).parents[2]
INSTRUCTIONS = {"FROM", "WORKDIR", "COPY", "RUN", "USER", "ENV", "VOLUME", "HEALTHCHECK", "STOPSIGNAL", "ENTRYPOINT"}


def read_instructions() -> list[tuple[str, str]]:
    """(instruction, arguments), with continued lines joined and comments left out."""
    text = (ROOT / "packaging" / "Containerfile").read_text()
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in joined.splitlines() if line.strip()]


def find(name: str) -> list[str]:
    return [arguments for instruction, arguments in read_instructions() if instruction == name]


def test_instructions_are_known() -> None:
    assert {instruction for instruction, _ in read_instructions()} <= INSTRUCTIONS
    assert read_instructions()[0][0] == "FROM"


def test_what_is_copied_exists() -> None:
    stages = {match[1] for source in find("FROM") if (match := re.search(r" AS (\S+)", source))}
    for arguments in find("COPY"):
        words = arguments.split()
        if words[0].startswith("--from="):
            assert words[0].removeprefix("--from=") in stages
        else:
            assert all((ROOT / word).exists() for word in words[:-1])


def test_nothing_that_the_wheel_needs_is_left_out() -> None:
    ignored = (ROOT / ".dockerignore").read_text().split()
    needed = ["ptyd", "protocol", "clients", "tools", "hatch_build.py", "pyproject.toml", "README.md", "LICENSE"]
    for path in needed:
        assert (ROOT / path).exists()
        assert path not in ignored


def test_python_is_one_that_ptyd_runs_on() -> None:
    oldest = re.search(r'requires-python = ">=3\.(\d+)"', (ROOT / "pyproject.toml").read_text())
    assert oldest is not None
    for source in find("FROM"):
        version = re.search(r"python:3\.(\d+)-", source)
        assert version is not None
        assert int(version[1]) >= int(oldest[1])


def test_runs_as_an_ordinary_user() -> None:
    (user,) = find("USER")
    assert user != "root"
    last = [instruction for instruction, _ in read_instructions()]
    assert last.index("USER") < last.index("ENTRYPOINT")
    assert "install --directory --owner ptyd --group ptyd --mode 0700 /run/ptyd" in find("RUN")[-2]
    assert "PTYD_DIR=/run/ptyd " in find("ENV")[0]


@pytest.mark.parametrize("name", ["ENTRYPOINT", "HEALTHCHECK"])
def test_commands_are_ones_that_ptyd_knows(name: str) -> None:
    (arguments,) = find(name)
    command = json.loads(arguments[arguments.index("[") :])
    assert command[0] == "ptyd"
    assert command[1] in VERBS
