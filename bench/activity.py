"""What it costs the daemon to know what many sessions do, and how late it is. ``python -m bench.activity``

Sessions of a program that only sleeps, whose part is played from here: each goes through turns with a tool and a
permission, four changes each, by its registry file and by hooks, as Claude Code writes them. A subscriber is told of
every change.
"""

import argparse
import json
import os
import statistics
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from ptyd_sdk import ConnectionLost, SessionEvent, blocking

from tests.support.daemon import PtydUnderTest, running_ptyd
from tests.support.waiting import DeadlineExceeded, wait_until

TURN = (
    ("busy", ("UserPromptSubmit", "PreToolUse")),
    ("waiting", ("PermissionRequest",)),
    ("busy", ("PostToolUse",)),
    ("idle", ("Stop",)),
)
"""Statuses of the registry file, with the hooks that run about then."""

STATE_OF = {"busy": "working", "waiting": "waiting", "idle": "idle"}


@dataclass
class PlayedSession:
    """One program's part."""

    pid: int
    id: str
    hooks: Path
    registry: Path
    calls: int = 0
    written_at: dict[str, float] = field(default_factory=dict)
    """When a state was written last."""

    def play(self, status: str, events: Sequence[str]) -> None:
        waiting_for = {"waitingFor": "permission prompt"} if status == "waiting" else {}
        stamp = time.time()
        self.written_at[STATE_OF[status]] = stamp
        content = {"pid": self.pid, "sessionId": self.id, "status": status, "statusUpdatedAt": stamp * 1000}
        self.registry.write_text(json.dumps(content | waiting_for))
        for event in events:
            self.calls += 1
            told = {
                "hook_event_name": event,
                "session_id": self.id,
                "tool_name": "Bash",
                "tool_use_id": str(self.calls),
            }
            (self.hooks / f"{event}.{self.calls}").write_text(json.dumps(told | {"tool_input": {"command": "make"}}))


def start_sessions(ptyd: PtydUnderTest, count: int, place: Path) -> list[PlayedSession]:
    program = place / "claude"
    program.write_text("#!/bin/sh\nexec sleep 100000\n")
    program.chmod(0o755)
    sessions = []
    for _ in range(count):
        info = ptyd.request("create", argv=[str(program)], env={"HOME": str(place)}, kind="claude")
        hooks = ptyd.runtime_dir / "sessions" / f"{info['id']}.agent" / "hooks"
        registry = place / ".claude" / "sessions" / f"{info['pid']}.json"
        registry.parent.mkdir(parents=True, exist_ok=True)
        sessions.append(PlayedSession(info["pid"], info["id"], hooks, registry))
    return sessions


def measure_changes(ptyd: PtydUnderTest, sessions: list[PlayedSession], seconds: float, turn_seconds: float) -> None:
    """CPU time of the daemon, and the delay from a file's writing to the subscriber."""
    by_id = {session.id: session for session in sessions}
    delays: list[float] = []
    before: dict[str, str] = {}
    connection = blocking.connect(f"unix://{ptyd.sock_path}")
    with connection as client:
        events = client.events()

        def listen() -> None:
            with suppress(ConnectionLost):
                for event in events:
                    take(event, time.time())

        def take(event: SessionEvent, now: float) -> None:
            activity = event.info.activity if event.info is not None else None
            session = by_id.get(event.session)
            if activity is None or session is None or before.get(event.session) == activity.state:
                return
            before[event.session] = activity.state
            if activity.state in session.written_at:
                delays.append(now - session.written_at[activity.state])

        threading.Thread(target=listen, daemon=True).start()
        daemon = psutil.Process(ptyd.daemon_pid())
        used, began, changes = sum(daemon.cpu_times()[:2]), time.monotonic(), 0
        while time.monotonic() - began < seconds:
            for status, hooks in TURN:
                step_began = time.monotonic()
                for session in sessions:
                    session.play(status, hooks)
                    changes += 1
                time.sleep(max(0.0, turn_seconds / len(TURN) - (time.monotonic() - step_began)))
        lasted = time.monotonic() - began
        used = sum(daemon.cpu_times()[:2]) - used
        with suppress(DeadlineExceeded):  # a state that was written over before anybody looked is told by nobody
            wait_until(lambda: len(delays) >= changes, 2)
    print(f"{len(sessions)} sessions, {changes / lasted:.0f} changes and {changes / lasted * 1.25:.0f} hooks a second:")
    print(f"  the daemon used {used / lasted * 100:.1f} % of a core, {used / changes * 1000:.2f} ms a change")
    print(f"  {len(delays)} of {changes} changes told, {describe(delays)} after they were written")


def measure_answers(session: PlayedSession, count: int) -> None:
    """A hook that waits: from its file to the answer."""
    delays = []
    for number in range(count):
        path = session.hooks / f"PermissionRequest.{1_000_000 + number}"
        reply = path.with_name(f"{path.name}.reply")
        os.mkfifo(reply)
        fd = os.open(reply, os.O_RDWR)
        began = time.perf_counter()
        path.write_text('{"hook_event_name": "PermissionRequest"}')  # about no tool: nobody has to be asked
        os.read(fd, 100)
        delays.append(time.perf_counter() - began)
        os.close(fd)
        reply.unlink()
    print(f"  {count} hooks that wait were answered {describe(delays)} after their file was written")


def describe(delays: list[float]) -> str:
    p99 = statistics.quantiles(delays, n=100, method="inclusive")[98]
    return f"p50 {statistics.median(delays) * 1000:.1f}, p99 {p99 * 1000:.1f}, max {max(delays) * 1000:.1f} ms"


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--turn-seconds", type=float, default=1.0, help="how long a turn of each session lasts")
    parser.add_argument("--answers", type=int, default=2000)
    wanted = parser.parse_args(arguments)
    with running_ptyd() as ptyd:
        sessions = start_sessions(ptyd, wanted.sessions, ptyd.home)
        measure_changes(ptyd, sessions, wanted.seconds, wanted.turn_seconds)
        measure_answers(sessions[0], wanted.answers)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
