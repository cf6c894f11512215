"""A daemon, the pinned Claude Code, and the API that it talks to."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import api, claude
from tests.support.claude import HermeticClaude
from tests.support.daemon import PtydUnderTest, running_ptyd
from tests.support.fake_messages_api import FakeMessagesApi, ToolUse
from tests.support.waiting import wait_until

__all__ = ["api", "claude"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents and "claude" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.claude)
            item.add_marker(pytest.mark.timeout(180))


@dataclass
class Runner:
    """Asks for runs of the pinned Claude Code, as a program that knows the wire only."""

    ptyd: PtydUnderTest
    claude: HermeticClaude
    api: FakeMessagesApi

    @property
    def place(self) -> dict[str, Any]:
        """Where, with what and which program."""
        return {"env": self.claude.env, "cwd": str(self.claude.cwd), "program": str(self.claude.program)}

    def start(self, prompt: str, **params: Any) -> dict[str, Any]:
        info: dict[str, Any] = self.ptyd.request("run", **{"prompt": prompt, **self.place, **params})
        return info

    def wait(self, run_id: str) -> dict[str, Any]:
        """Its outcome."""
        info: dict[str, Any] = self.ptyd.request("run_wait", run=run_id, timeout_seconds=60)
        assert info["state"] == "ended"
        return dict(info["outcome"])

    def run(self, prompt: str, **params: Any) -> dict[str, Any]:
        return self.wait(self.start(prompt, **params)["id"])

    def read_lines(self, run_id: str) -> list[dict[str, Any]]:
        """All lines of its output."""
        output: bytes = self.ptyd.request("read_log", session=run_id, offset=0)["data"]
        return [json.loads(line) for line in output.splitlines()]

    def info(self, run_id: str) -> dict[str, Any]:
        info: dict[str, Any] = self.ptyd.request("get", session=run_id)
        return info

    def start_sleeper(self, prompt: str, **params: Any) -> tuple[str, int]:
        """A run whose tool sleeps in a session of its own: ids of the run and of that process."""
        (self.claude.home / ".claude").mkdir(exist_ok=True)
        (self.claude.home / ".claude" / "settings.json").write_text('{"permissions": {"allow": ["Bash"]}}')
        started = self.claude.cwd / "started"
        command = f"echo $$ > {started}; exec sleep 600"
        self.api.script(prompt, [ToolUse("Bash", {"command": command, "description": "wait"})], ["done"])
        run_id = self.start(prompt, **params)["id"]
        wait_until(lambda: started.exists() and started.read_text().strip(), 30, what="the tool to run")
        return run_id, int(started.read_text())

    def wait_gone(self, pid: int) -> None:
        wait_until(lambda: not Path(f"/proc/{pid}").exists(), what=f"process {pid} to be gone")


Configure = Callable[..., Runner]


@pytest.fixture
def configure(claude: HermeticClaude, api: FakeMessagesApi) -> Iterator[Configure]:
    """Starts a daemon with these variables, and with those of the hermetic Claude Code where they are to be its own."""
    opened: list[Any] = []

    def begin(is_own_environment: bool = False, **variables: str) -> Runner:
        context = running_ptyd(**(claude.env if is_own_environment else {}) | variables)
        opened.append(context)
        return Runner(context.__enter__(), claude, api)

    yield begin
    for context in opened:
        context.__exit__(None, None, None)


@pytest.fixture
def runner(configure: Configure) -> Runner:
    return configure()
