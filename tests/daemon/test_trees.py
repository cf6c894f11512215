"""Ending a session leaves no process behind, with cgroups and without."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemon.client import Client, connected
from tests.daemon.trees import GOES, SIZE, STAYS, list_survivors, read_report
from tests.support.daemon import PtydUnderTest, running_ptyd
from tests.support.waiting import wait_until

TREES = 200
BATCH = 25
"""So many at a time: what is proved is that none is left, and not how many processes a machine can bear."""


@pytest.fixture(params=["auto", "none"])
def ptyd(request: pytest.FixtureRequest) -> Iterator[PtydUnderTest]:
    with running_ptyd(PTYD_CGROUPS=request.param, PTYD_LOG_BYTES=str(512 * 1024), PTYD_ENGINE="none") as ptyd:
        yield ptyd


def plant(client: Client, code: str, reports: list[Path]) -> list[str]:
    """A session each, whose tree has grown. Returns their ids."""
    argv = [sys.executable, "-I", "-S", "-c", code]
    asked = [client.begin_request("create", argv=[*argv, str(report)]) for report in reports]
    ids = [client.end_request(request_id)["id"] for request_id in asked]
    for report in reports:
        wait_until(lambda report=report: len(read_report(report)) >= SIZE, 60, f"{report} to grow")  # type: ignore[misc]
    return ids


def test_none_survives_a_kill(ptyd: PtydUnderTest, tmp_path: Path) -> None:
    with connected(ptyd.sock_path) as client:
        for begin in range(0, TREES, BATCH):
            reports = [tmp_path / f"{begin + number}" for number in range(BATCH)]
            ids = plant(client, STAYS, reports)
            asked = [client.begin_request("kill", session=session_id, grace_seconds=0.05) for session_id in ids]
            for request_id in asked:
                client.end_request(request_id)
            assert [line for report in reports for line in list_survivors(report)] == []


def test_none_survives_its_program(ptyd: PtydUnderTest, tmp_path: Path) -> None:
    """Nor does what a program leaves behind when it ends by itself."""
    reports = [tmp_path / str(number) for number in range(4)]
    with connected(ptyd.sock_path) as client:
        plant(client, GOES, reports)
    for report in reports:
        wait_until(lambda report=report: list_survivors(report) == [], 30, f"the end of {report}")  # type: ignore[misc]


def test_none_survives_the_daemon(ptyd: PtydUnderTest, tmp_path: Path) -> None:
    reports = [tmp_path / str(number) for number in range(4)]
    with connected(ptyd.sock_path) as client:
        plant(client, STAYS, reports)
    ptyd.wait_for_new_daemon(ptyd.kill_daemon())
    assert all(list_survivors(report) for report in reports)
    ptyd.request("shutdown", kill_sessions=True)
    ptyd.keeper.wait(30)
    assert [line for report in reports for line in list_survivors(report)] == []


def test_the_keeper_lets_none_survive(ptyd: PtydUnderTest, tmp_path: Path) -> None:
    reports = [tmp_path / str(number) for number in range(4)]
    with connected(ptyd.sock_path) as client:
        plant(client, STAYS, reports)
    ptyd.keeper.terminate()
    ptyd.keeper.wait(30)
    assert [line for report in reports for line in list_survivors(report)] == []


def test_leftovers_may_be_kept(tmp_path: Path) -> None:
    report = tmp_path / "report"
    with running_ptyd(PTYD_LEFTOVERS="keep") as ptyd, connected(ptyd.sock_path) as client:
        (session_id,) = plant(client, GOES, [report])
        client.request("wait", until="exit", session=session_id)
        client.request("kill", session=session_id)
        client.ping()
        assert len(list_survivors(report)) >= SIZE - 2  # the program itself, and a child that comes and goes


def test_no_group_is_left(tmp_path: Path) -> None:
    with running_ptyd() as ptyd:
        with connected(ptyd.sock_path) as client:
            plant(client, STAYS, [tmp_path / "report"])
        name = f"ptyd-{ptyd.keeper.pid}."
        groups = [Path(place, one) for place, names, _ in os.walk("/sys/fs/cgroup") for one in names if name in one]
        if not groups:
            pytest.skip("no cgroup can be made here")
    assert [path for path in groups if path.exists()] == []
