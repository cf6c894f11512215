"""What the command line refuses before it asks anybody, and what it says where nothing runs."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ptyd_cli.main import VERBS, ptyd, run
from ptyd_cli.verbs.up import parse_address


@pytest.fixture(autouse=True)
def nothing_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A runtime directory that no test may bring into being."""
    directory = tmp_path / "run"
    monkeypatch.setenv("PTYD_DIR", str(directory))
    for name in ("PTYD_SESSION", "PTYD_SOCKET", "PTYD_DETACH_KEYS"):
        monkeypatch.delenv(name, raising=False)
    yield directory
    assert not directory.exists(), "something was started"


@pytest.mark.parametrize(
    "arguments",
    [
        ["bogus"],
        ["--bogus"],
        ["kill"],
        ["kill", ""],
        ["rename", "a"],
        ["resize", "a", "80"],
        ["resize", "a", "80", "0"],
        ["resize", "a", "80", "2000"],
        ["send", "a"],
        ["send", "a", "--key", "F99"],
        ["capture", "a", "--scrollback", "-2"],
        ["capture", "a", "--scrollback", "some"],
        ["capture", "a", "--format", "pdf"],
        ["attach", "a", "--scrollback", "all"],
        ["wait", "a"],
        ["wait", "a", "--exit", "--text", "x"],
        ["wait", "a", "--text", "("],
        ["wait", "a", "--idle", "0"],
        ["tail", "a", "--bytes", "-1"],
        ["new", "-d", "-e", "=x"],
        ["new", "-d", "--cols", "1"],
        ["new", "--json"],
        ["up", "--listen", "nonsense"],
        ["up", "--listen", "127.0.0.1:99999"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_2_and_explained(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 2
    captured = capsys.readouterr()
    assert captured.err
    assert not captured.out


@pytest.mark.parametrize("arguments", [["new"], ["claude"]], ids=" ".join)
def test_attaching_needs_a_terminal(
    arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PTYD_CLAUDE", "/bin/true")
    assert run(arguments) == 2
    assert "needs a terminal" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["kill", "x"],
        ["rename", "x", "y"],
        ["resize", "x", "80", "24"],
        ["send", "x", "text"],
        ["capture", "x"],
        ["tail", "x"],
        ["wait", "x", "--exit"],
        ["detach", "x"],
    ],
    ids=" ".join,
)
def test_without_ptyd_there_is_no_session(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 3
    assert "ptyd is not running" in capsys.readouterr().err


def test_listing_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 0
    assert "no sessions" in capsys.readouterr().out
    assert run(["ls", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_status_without_a_daemon_is_6(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["status"]) == 6
    assert "ptyd up" in capsys.readouterr().err


def test_down_without_a_daemon_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["down"]) == 0
    assert "not running" in capsys.readouterr().out


@pytest.mark.parametrize("address", ["0.0.0.0:80", "[::]:80", "192.168.1.4:8080", "example.org:80"])
def test_listening_to_other_machines_is_refused(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["up", "--listen", address]) == 5
    assert "--tls" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("address", "host", "port"),
    [
        ("127.0.0.1:8080", "127.0.0.1", 8080),
        (":0", "127.0.0.1", 0),
        ("[::1]:1", "::1", 1),
        ("localhost:65535", "localhost", 65535),
        ("127.8.9.1:5", "127.8.9.1", 5),
    ],
)
def test_loopback_addresses(address: str, host: str, port: int) -> None:
    assert (parse_address(address).host, parse_address(address).port) == (host, port)


def test_unknown_claude_is_said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PTYD_CLAUDE", "/nowhere/claude")
    assert run(["claude", "-d", "--"]) == 1
    assert "/nowhere/claude" in capsys.readouterr().err


def test_bad_detach_keys_are_said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PTYD_DETACH_KEYS", "x y")
    assert run(["attach", "a"]) == 2
    assert "$PTYD_DETACH_KEYS" in capsys.readouterr().err


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([verb, "--help"]) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"Usage: ptyd {verb}")


@pytest.mark.parametrize("verb", ["capture", "wait"])
def test_what_reads_the_log_says_so(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    run([verb, "--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert "the log with" in text
    assert "control sequences removed" in text


def test_help_imports_no_verb() -> None:
    code = "import sys; from ptyd_cli.main import run; run(['--help']); print(*sorted(sys.modules), file=sys.stderr)"
    modules = run_python(code).stderr.split()
    assert not [name for name in modules if name.startswith(("ptyd_cli.verbs", "ptyd_sdk", "ptyd_protocol"))]
    assert "asyncio" not in modules


def test_listing_imports_little() -> None:
    code = "import sys; from ptyd_cli.main import run; run(['ls']); print(*sorted(sys.modules), file=sys.stderr)"
    modules = run_python(code).stderr.split()
    needless = {"asyncio", "websockets", "rich", "platformdirs", "tomllib", "subprocess", "ssl", "http.client", "json"}
    assert needless.isdisjoint(modules)


def test_verbs_run_with_the_collector_of_garbage() -> None:
    run_python("import gc; gc.disable(); from ptyd_cli.main import run; run(['ls']); assert gc.isenabled()")


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], env=dict(os.environ), capture_output=True, text=True, check=True, timeout=30
    )


def test_the_table_names_what_is_there() -> None:
    for name in VERBS:
        command = ptyd.get_command(ptyd.make_context("ptyd", [], resilient_parsing=True), name)
        assert command is not None
        assert command.name == name
