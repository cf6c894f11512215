"""``ptyd top``: on a terminal, and without one."""

import json
from typing import Any

from tests.cli.conftest import OpenOuter
from tests.support.daemon import PtydUnderTest


def test_once(ptyd: PtydUnderTest) -> None:
    ptyd.cli("new", "-d", "-n", "printed", "--", "sleep", "1000", check=True)
    lines = ptyd.cli("top", "--once", check=True).stdout.splitlines()
    heads = ["NAME", "STATE", "KIND", "CPU%", "MEM", "PROC", "OUT/s", "CL", "IDLE", "AGE"]
    assert any(line.split() == heads for line in lines)
    assert any(line.split()[:3] == ["printed", "running", "command"] for line in lines)
    assert max(map(len, lines)) <= 80
    assert ptyd.cli("top", check=True).stdout != "", "without a terminal it is as with --once"


def test_json(ptyd: PtydUnderTest) -> None:
    ptyd.cli("new", "-d", "-n", "figures", "--", "sleep", "1000", check=True)
    assert "figures" in [info["name"] for info in json.loads(ptyd.cli("top", "--json", check=True).stdout)]


def shows_the_end(screen: Any) -> bool:
    return any("aaa-first" in line and "killed" in line for line in screen.text().splitlines())


def test_on_a_terminal(ptyd: PtydUnderTest, open_outer: OpenOuter) -> None:
    ptyd.cli("new", "-d", "-n", "aaa-first", "--", "sleep", "1000", check=True)
    top = open_outer("top", "--interval", "0.2")
    top.wait_for_text("aaa-first")
    ptyd.cli("new", "-d", "-n", "aab-later", "--", "sleep", "1000", check=True)
    top.wait_for_text("aab-later")
    top.type("s")
    top.wait_for_text("by cpu")
    for key in ("memory", "output", "idle", "age", "name"):
        top.type("s")
        top.wait_for_text(f"by {key}")
    top.wait_for_text("KIND")
    top.terminal.resize(60, 20)
    top.terminal.wait_until_gone("KIND")
    top.wait_for_text("aab-later")
    top.type("k")
    top.wait_for_text("end aaa-first and all")
    top.type("n")
    top.wait_for_text("Enter attach")
    top.type("k")
    top.wait_for_text("end aaa-first and all")
    top.type("y")
    top.terminal.wait_for(shows_the_end, "its end")
    top.type("q")
    assert top.check_restored() == 0


def test_enter_attaches(ptyd: PtydUnderTest, open_outer: OpenOuter) -> None:
    ptyd.cli("new", "-d", "-n", "0-attach", "--", "sh", "-c", "echo inside it; exec cat", check=True)
    top = open_outer("top")
    top.wait_for_text("0-attach")
    top.type("\r")
    top.wait_for_text("inside it")
    top.type(b"\x04")
    assert top.check_restored() == 0
