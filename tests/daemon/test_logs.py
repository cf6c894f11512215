"""The logs of daemon and keeper, as configured."""

import json
from functools import partial
from pathlib import Path

from tests.support.daemon import running_ptyd
from tests.support.waiting import wait_until


def read_json_lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_json_from_the_environment() -> None:
    with running_ptyd(PTYD_LOG_FORMAT="json") as ptyd:
        for name in ("daemon.log", "keeper.log"):
            lines = wait_until(partial(read_json_lines, ptyd.runtime_dir / name))
            assert all({"time", "level", "logger", "message"} <= line.keys() for line in lines)


def test_the_keeper_follows_the_daemons_configuration() -> None:
    with running_ptyd() as ptyd:
        configuration = ptyd.home / ".config" / "ptyd" / "config.toml"
        configuration.parent.mkdir(parents=True)
        configuration.write_text('[daemon]\nlog_format = "json"\nlog_level = "info"\n')
        ptyd.wait_for_new_daemon(ptyd.kill_daemon())
        killed = ptyd.kill_daemon()
        ptyd.wait_for_new_daemon(killed)

        def find_last() -> dict[str, object]:
            line = (ptyd.runtime_dir / "keeper.log").read_text().splitlines()[-1]
            found: dict[str, object] = json.loads(line) if line.startswith("{") else {}
            return found

        assert "daemon" in str(wait_until(find_last)["message"])


def test_a_quiet_log() -> None:
    with running_ptyd(PTYD_LOG_LEVEL="error") as ptyd:
        assert ptyd.request("list") == []
        assert (ptyd.runtime_dir / "daemon.log").read_text() == ""
        assert (ptyd.runtime_dir / "keeper.log").read_text() == ""
