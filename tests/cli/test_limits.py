"""Limits on the command line: asked for, shown with their use, and named when they have ended a session."""

import json
import re

import pytest
from ptyd_cli.attach import endings
from ptyd_cli.limit_words import describe_limits, describe_trouble, describe_use
from ptyd_protocol.messages import Exited
from ptyd_protocol.session_limits import SessionLimits, SessionUsage
from ptyd_protocol.sessions import SessionInfo

from tests.cli.conftest import OpenOuter
from tests.support.daemon import PtydUnderTest

MIB = 1024 * 1024
REASON = "it had run for 0.5s, which is its limit (lifetime_seconds)"


def test_new_asks_for_limits(ptyd: PtydUnderTest) -> None:
    arguments = ["--limit", "memory=2G", "--limit", "lifetime=8h", "--limit", "output=none", "--json"]
    info = json.loads(ptyd.cli("new", "-d", *arguments, "--", "cat", check=True).stdout)
    assert (info["limits"]["memory_bytes"], info["limits"]["lifetime_seconds"]) == (2048 * MIB, 8 * 3600)
    assert info["limits"]["core_bytes"] == 0


def test_claude_too(ptyd: PtydUnderTest) -> None:
    result = ptyd.cli("claude", "--limit", "memory=2G", "-d", "--json", "--", "x", PTYD_CLAUDE="/bin/cat")
    assert json.loads(result.stdout)["limits"]["memory_bytes"] == 2048 * MIB


@pytest.mark.parametrize(
    ("word", "complaint"),
    [
        ("memory", "'memory' is not NAME=VALUE"),
        ("ram=1", "there is no limit 'ram'"),
        ("memory=lots", "memory_bytes: 'lots' is no value; 512M would be one"),
    ],
)
def test_what_is_no_limit(ptyd: PtydUnderTest, word: str, complaint: str) -> None:
    result = ptyd.cli("new", "-d", "--limit", word)
    assert (result.returncode, complaint in result.stderr) == (2, True)


def test_a_limit_that_the_daemon_refuses(ptyd: PtydUnderTest) -> None:
    result = ptyd.cli("new", "-d", "--limit", "log=1")
    assert result.returncode == 2
    assert "limit log_bytes: 1 B is not between 512 KiB and 1 GiB" in result.stderr


def test_the_reason_stays_to_be_read(ptyd: PtydUnderTest) -> None:
    ptyd.cli("new", "-d", "-n", "short", "--limit", "lifetime=0.5s", "--", "cat", check=True)
    waited = ptyd.cli("wait", "short", "--exit")
    assert waited.returncode == 128 + 1
    assert waited.stderr == f"ptyd: session short was ended: {REASON}\n"
    listed = ptyd.cli("ls", check=True).stdout.splitlines()
    assert listed[0].endswith("NOTE")
    assert any(re.match(rf"short .* killed by SIGHUP .* ended: {re.escape(REASON)}$", line) for line in listed)


def test_the_last_line_of_attach_says_it(open_outer: OpenOuter) -> None:
    outer = open_outer("new", "--limit", "lifetime=0.5s", "--", "cat", cols=120)
    outer.wait_for_text(f"[exited 129 (SIGHUP): {REASON}]")
    assert outer.check_restored() == 129


def test_ls_shows_use(ptyd: PtydUnderTest) -> None:
    ptyd.cli("new", "-d", "-n", "used", "--limit", "lifetime=8h", "--limit", "processes=64", "--", "cat", check=True)
    lines = ptyd.cli("ls", "-l", check=True).stdout.splitlines()
    assert "USE" in lines[0]
    [line] = [line for line in lines if line.startswith("used ")]
    assert re.search(r"memory [\d.]+ [KM]iB, .*processes \d+ of 64, .*lifetime \d+s of 8h, log 0 B of 8 MiB", line)


def test_status_shows_what_there_is(ptyd: PtydUnderTest) -> None:
    text = ptyd.cli("status", check=True).stdout
    assert re.search(r"^terminals +\d+ of \d+$", text, re.MULTILINE)
    assert re.search(r"^sessions of owner +\d+ of 512$", text, re.MULTILINE)
    assert re.search(r"^limits +log 8 MiB, for a session that is not told otherwise$", text, re.MULTILINE)


def make_info(**changes: object) -> SessionInfo:
    values: dict[str, object] = {
        "id": "1a2b3c4d", "name": "a", "state": "running", "pid": 1, "argv": ["a"], "cwd": "/", "cols": 80, "rows": 24,
        "created_at": 4e9, "last_output_at": 4e9, "clients": 0, "controller": None, "epoch": 1, "log_start": 0,
        "log_head": 10,
    }  # fmt: skip
    return SessionInfo(**(values | changes))  # type: ignore[arg-type]


def test_what_is_used_is_said_as_far_as_it_is_known() -> None:
    usage = SessionUsage(memory_bytes=300 * MIB, cpus=0.25, processes=7, open_files=40)
    assert describe_use(make_info()) == ""
    assert describe_use(make_info(usage=usage)) == "memory 300 MiB, cpus 0.25, processes 7, open files 40"
    limits = SessionLimits(memory_bytes=1024 * MIB, cpus=2.0, output_bytes_per_second=MIB)
    assert describe_use(make_info(limits=limits)) == "memory 1 GiB, cpus 2, output 1 MiB/s"
    assert describe_use(make_info(limits=limits, usage=usage)) == (
        "memory 300 MiB of 1 GiB, cpus 0.25 of 2, processes 7, open files 40, output 1 MiB/s"
    )


def test_trouble() -> None:
    usage = SessionUsage(memory_bytes=950 * MIB, cpus=9, processes=7)
    limits = SessionLimits(memory_bytes=1000 * MIB, cpus=2.0, processes=8)
    assert describe_trouble(make_info(limits=limits, usage=usage)) == "memory 950 MiB of 1000 MiB"
    assert describe_trouble(make_info(limits=limits)) == ""
    assert describe_trouble(make_info(limits=limits, usage=usage, state="exited")) == ""
    assert describe_trouble(make_info(end_reason="a\x1b[2J")) == "ending: a\\x1b[2J"


def test_limits_in_words() -> None:
    assert describe_limits(SessionLimits()) == "none"
    assert describe_limits(SessionLimits(idle_seconds=60.0, core_bytes=0, memory_bytes=0)) == "idle 1m"


def test_a_reason_cannot_write_to_the_terminal() -> None:
    assert endings.exited(Exited(1, 0, 3, None, "b\x1b]0;x\x07")).line == "[exited 3: b\\x1b]0;x\\x07]"
    assert endings.exited(Exited(1, 0, 3)).line == "[exited 3]"
