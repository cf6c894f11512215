"""``ptyd doctor``: what it finds, in a ptyd of the test's own."""

import json
import os
import shutil
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ptyd_cli.doctor import installation, machine
from ptyd_cli.doctor.finding import Finding, run_checks

from tests.support.daemon import PtydUnderTest, running_ptyd
from tests.support.waiting import wait_until


def examine(ptyd: PtydUnderTest, **env: str) -> tuple[int, dict[str, list[dict[str, str]]]]:
    """The exit code, and the findings by check."""
    finished = ptyd.cli("doctor", "--json", **env)
    assert finished.stderr == ""
    findings: dict[str, list[dict[str, str]]] = {}
    for finding in json.loads(finished.stdout):
        findings.setdefault(finding["check"], []).append(finding)
    return finished.returncode, findings


def states(findings: list[dict[str, str]]) -> set[str]:
    return {finding["state"] for finding in findings}


@pytest.fixture(scope="module")
def ptyd() -> Iterator[PtydUnderTest]:
    with running_ptyd(PTYD_WATCHDOG_SECONDS="0") as ptyd:
        yield ptyd


@pytest.fixture
def fresh_ptyd() -> Iterator[PtydUnderTest]:
    """For what is done to it; it looks around often."""
    with running_ptyd(PTYD_WATCHDOG_SECONDS="6") as ptyd:
        yield ptyd


def test_all_is_well(ptyd: PtydUnderTest) -> None:
    code, findings = examine(ptyd)
    assert code == 0, findings
    for check in ("python", "dependencies", "configuration", "terminals", "directory", "keeper", "daemon", "clock"):
        assert states(findings[check]) == {"ok"}, findings[check]
    assert str(ptyd.daemon_pid()) in findings["daemon"][0]["what"]
    text = ptyd.cli("doctor", check=True).stdout
    assert "✓ python" in text


def test_every_finding_says_why_and_what_to_do(ptyd: PtydUnderTest) -> None:
    _, findings = examine(ptyd, TERM="dumb", LANG="C", PATH=str(Path(sys.executable).parent))
    bad = [one for several in findings.values() for one in several if one["state"] != "ok"]
    assert {"terminal", "claude"} <= {one["check"] for one in bad}
    assert all(one["why"] and one["to_do"] for one in bad)


def test_configuration_that_makes_no_sense(ptyd: PtydUnderTest) -> None:
    config = ptyd.home / ".config" / "ptyd" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text("[daemon]\nno_such_option = 1\n")
    finished = ptyd.cli("doctor")
    config.unlink()
    assert finished.returncode == 1
    assert "no_such_option" in finished.stdout
    assert "✗ configuration" in finished.stdout
    assert "what to do: mend" in finished.stdout


def test_daemon_that_has_crashed(fresh_ptyd: PtydUnderTest) -> None:
    ptyd = fresh_ptyd
    dead = ptyd.daemon_pid()
    os.kill(dead, signal.SIGABRT)
    ptyd.wait_for_new_daemon(dead)
    code, findings = examine(ptyd)
    assert code == 0
    assert "killed by SIGABRT" in findings["daemon"][-1]["what"]


def test_stopped_daemon_and_keeper(ptyd: PtydUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    daemon = ptyd.daemon_pid()
    for pid in (daemon, ptyd.keeper_pid()):
        os.kill(pid, signal.SIGSTOP)
    try:
        code, findings = examine(ptyd)
    finally:
        for pid in (daemon, ptyd.keeper_pid()):
            os.kill(pid, signal.SIGCONT)
    assert code == 1
    assert "does not answer" in findings["daemon"][0]["what"]
    assert "does not answer" in findings["keeper"][0]["what"]


def test_nothing_runs_and_nothing_is_started(ptyd: PtydUnderTest) -> None:
    elsewhere = ptyd.home / "none"
    code, findings = examine(ptyd, PTYD_DIR=str(elsewhere))
    assert code == 0
    assert "not running" in findings["keeper"][0]["what"]
    assert not elsewhere.exists()


def test_directory_open_to_others(ptyd: PtydUnderTest) -> None:
    elsewhere = ptyd.home / "open"
    elsewhere.mkdir()
    elsewhere.chmod(0o755)
    code, findings = examine(ptyd, PTYD_DIR=str(elsewhere))
    assert code == 1
    assert "chmod 700" in findings["directory"][0]["to_do"]


def test_sockets_that_were_left(ptyd: PtydUnderTest) -> None:
    elsewhere = ptyd.home / "left"
    elsewhere.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as left:
        left.bind(str(elsewhere / "ptyd.sock"))
    _, findings = examine(ptyd, PTYD_DIR=str(elsewhere))
    assert "ptyd.sock" in findings["leftovers"][0]["what"]


def test_keeper_out_of_sight(fresh_ptyd: PtydUnderTest) -> None:
    """Its directory was removed while it was stopped, and another took its place."""
    ptyd = fresh_ptyd
    os.kill(ptyd.keeper_pid(), signal.SIGSTOP)
    daemon = ptyd.request("status")["daemon_pid"]
    os.kill(daemon, signal.SIGSTOP)
    shutil.rmtree(ptyd.runtime_dir)
    try:
        ptyd.cli("up", check=True)
        other = json.loads(ptyd.cli("status", "--json", check=True).stdout)["keeper_pid"]
        os.kill(ptyd.keeper_pid(), signal.SIGCONT)
        code, findings = examine(ptyd)
        assert code == 1
        keepers = next(one for one in findings["keeper"] if "2 keepers" in one["what"])
        assert str(other) in keepers["what"]
        assert str(ptyd.keeper_pid()) in keepers["what"]
        ptyd.cli("down", "--kill-sessions", check=True)
    finally:
        os.kill(daemon, signal.SIGCONT)
        os.kill(ptyd.keeper_pid(), signal.SIGCONT)
    # Its place is free, and it takes it again.
    wait_until(lambda: ptyd.sock_path.exists() and ptyd.try_daemon_pid(), 30, what="the first one to be back")
    assert len(examine(ptyd)[1]["keeper"]) == 1


# What no test can bring about: by what the machine is said to have.


def test_no_terminal_left(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = {"max": "4096\n", "nr": "4096\n"}
    monkeypatch.setattr(Path, "read_text", lambda self: numbers[self.name])
    assert [finding.state for finding in machine.check_ptys()] == ["error"]
    numbers["nr"] = "4090\n"
    assert [finding.state for finding in machine.check_ptys()] == ["warning"]


def test_full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.statvfs("/")
    fields: list[Any] = list(real)
    fields[4] = 10  # f_bavail
    monkeypatch.setattr(os, "statvfs", lambda path: os.statvfs_result(fields))
    assert [finding.state for finding in machine.check_disk()] == ["error"]


def test_no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyghostty._ffi", None)
    assert [finding.state for finding in installation.check_engine()] == ["warning"]


def test_clock_set_back(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("")
    monkeypatch.setenv("PTYD_DIR", str(tmp_path))
    assert [finding.state for finding in machine.check_clock()] == ["ok"]
    os.utime(tmp_path / "token", (4e9, 4e9))
    assert [finding.state for finding in machine.check_clock()] == ["warning"]


def test_check_that_fails_hinders_no_other() -> None:
    def fail() -> list[Finding]:
        raise ValueError("unlike anything")

    def pass_by() -> list[Finding]:
        return [Finding(check="b", state="ok", what="well")]

    findings = run_checks({"a": fail, "b": pass_by})
    assert [(finding.check, finding.state) for finding in findings] == [("a", "warning"), ("b", "ok")]
