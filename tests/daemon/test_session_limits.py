"""What one session may use: told at its creation, kept to, and named when it bites."""

from pathlib import Path
from typing import Any

import pytest
from ptyd_protocol.messages import Exited, Input, InputAck
from ptyd_protocol.session_limits import SessionLimits

from tests.daemon.client import Client, connected
from tests.daemon.conftest import Create
from tests.support.daemon import PtydUnderTest, RequestFailed, running_ptyd
from tests.support.waiting import wait_until

STUBBORN = "trap '' HUP TERM; echo ready; while :; do sleep 600; done"


def wait_ended(ptyd: PtydUnderTest, session_id: str) -> dict[str, Any]:
    info: dict[str, Any] = ptyd.request("wait", session=session_id, until="exit", timeout_seconds=60)
    return info


def test_what_is_in_force_is_said(create: Create) -> None:
    info = create("cat", limits={"memory_bytes": 2**30, "core_bytes": -1})
    assert info["limits"]["memory_bytes"] == 2**30
    assert info["limits"]["core_bytes"] == -1
    assert info["limits"]["lifetime_seconds"] == 0
    assert None not in info["limits"].values()
    assert create("cat", kind="claude")["limits"]["memory_bytes"] == 8 * 2**30


def test_a_limit_nobody_could_live_with(ptyd: PtydUnderTest) -> None:
    with pytest.raises(RequestFailed, match="limit log_bytes: 1 B is not between 512 KiB and 1 GiB") as caught:
        ptyd.request("create", argv=["cat"], limits={"log_bytes": 1})
    assert caught.value.code == "bad_request"


def test_a_lifetime(ptyd: PtydUnderTest, client: Client, create: Create) -> None:
    client.request("subscribe")
    info = create("sh", "-c", "sleep 600 & echo here; wait", limits={"lifetime_seconds": 1.0})
    client.attach(1, info["id"])
    farewell = client.wait_for(Exited)
    reason = "it had run for 1s, which is its limit (lifetime_seconds)"
    assert (farewell.signal, farewell.reason) == (1, reason)
    assert client.wait_event("exited", info["id"]).data["end_reason"] == reason
    warning = client.wait_event("limit_warning", info["id"]).data
    assert (warning["limit"], warning["allowed"]) == ("lifetime_seconds", 1.0)
    assert warning["message"].startswith("it has run for 0.9")
    dead = ptyd.kill_daemon()
    ptyd.wait_for_new_daemon(dead)
    [kept] = [one for one in ptyd.sessions() if one["id"] == info["id"]]
    assert (kept["state"], kept["end_reason"], kept["limits"]) == ("exited", reason, info["limits"])


def test_idleness_is_silence_with_nobody_there(ptyd: PtydUnderTest, client: Client, create: Create) -> None:
    limits = {"idle_seconds": 0.5}
    attended = create("cat", limits=limits)
    client.attach(1, attended["id"])
    alone = create("cat", limits=limits)
    reason = "for 0.5s nothing was written and nobody was attached, which is its limit (idle_seconds)"
    assert wait_ended(ptyd, alone["id"])["end_reason"] == reason
    client.type(1, 1, b"still here\n")
    client.read_until(1, b"still here\r\nstill here")
    client.request("detach", session=attended["id"])
    assert wait_ended(ptyd, attended["id"])["end_reason"] == reason


def test_a_program_that_writes_is_not_idle(ptyd: PtydUnderTest, create: Create) -> None:
    command = "for i in 1 2 3 4 5 6 7 8; do echo $i; sleep 0.2; done; exit 7"
    info = create("sh", "-c", command, limits={"idle_seconds": 1.0})
    ended = wait_ended(ptyd, info["id"])
    assert (ended["exit_code"], ended["end_reason"]) == (7, "")


def test_a_lifetime_goes_on_under_the_next_daemon() -> None:
    with running_ptyd() as ptyd:
        info = ptyd.request("create", argv=["cat"], limits={"lifetime_seconds": 2.0})
        dead = ptyd.kill_daemon()
        ptyd.wait_for_new_daemon(dead)
        ended = wait_ended(ptyd, info["id"])
        assert "lifetime_seconds" in ended["end_reason"]
        assert ended["exited_at"] - ended["created_at"] >= 2.0


def test_an_end_that_a_killed_daemon_began(ptyd: PtydUnderTest, client: Client, create: Create) -> None:
    info = create("bash", "-c", STUBBORN, limits={"lifetime_seconds": 0.1})
    wait_until(lambda: ptyd.request("get", session=info["id"])["end_reason"])
    dead = ptyd.kill_daemon()
    ptyd.wait_for_new_daemon(dead)
    ended = wait_ended(ptyd, info["id"])
    assert (ended["exit_signal"], "lifetime_seconds" in ended["end_reason"]) == (9, True)


def test_a_flood_is_slowed_and_not_cut(client: Client, create: Create) -> None:
    client.request("subscribe")
    info = create("sh", "-c", "seq 30000; echo end; cat", limits={"output_bytes_per_second": 64 * 1024})
    client.attach(1, info["id"], lossless=True)
    output = client.read_until(1, b"\nend\r\n")
    assert output.replace(b"\r", b"").startswith(b"".join(b"%d\n" % number for number in range(1, 30001)))
    warning = client.wait_event("limit_warning", info["id"]).data
    assert warning["message"] == "its program waits: it writes more than 64 KiB/s (output_bytes_per_second)"
    client.type(1, 1, b"alive\n")
    client.read_until(1, b"alive\r\n")


def test_fast_typing_is_slowed_and_not_lost(client: Client, create: Create) -> None:
    info = create("sh", "-c", "stty raw -echo; echo ready; cat", limits={"input_bytes_per_second": 4096})
    client.attach(1, info["id"])
    client.read_until(1, b"ready")
    for seq in range(1, 9):
        client.send(Input(1, seq, b"%d" % seq * 1024))
    client.ping()
    assert client.wait_for(InputAck).seq < 8  # the ping came back before the last was taken
    client.wait_for(InputAck, lambda ack: ack.seq == 8)
    client.read_until(1, b"8" * 1024)
    assert client.output[1].count(b"1") == 1024


def test_a_log_and_a_scrollback_of_its_own(ptyd: PtydUnderTest, create: Create) -> None:
    limits = {"log_bytes": 600_000, "scrollback_lines": 50}
    info = create("sh", "-c", "seq 300000; echo end; cat", limits=limits)
    assert info["limits"]["log_bytes"] == 655_360  # whole 64 KiB
    wait_until(lambda: "end" in ptyd.request("capture", session=info["id"])["text"])
    log = ptyd.request("get", session=info["id"])
    assert 0 < log["log_head"] - log["log_start"] <= 655_360
    lines = ptyd.request("capture", session=info["id"], scrollback=-1)["text"].splitlines()
    assert len(lines) < 1000  # the engine forgets in pages; of its own accord it would have 10,000


def test_defaults_and_numbers_that_the_configuration_says() -> None:
    options = {
        "PTYD_LIMIT_LIFETIME_SECONDS": "8h",
        "PTYD_MAX_SESSIONS_PER_PRINCIPAL": "1",
        "PTYD_MAX_CLIENTS_PER_PRINCIPAL": "1",
    }
    with running_ptyd(**options) as ptyd, connected(ptyd.sock_path) as client:
        info = client.request("create", argv=["cat"])
        assert info["limits"]["lifetime_seconds"] == 8 * 3600
        with pytest.raises(RequestFailed, match=r"1 sessions of owner run already, .*\(max_sessions_per_principal\)"):
            client.request("create", argv=["cat"])
        client.attach(1, info["id"])
        refused = client.try_attach(2, info["id"])
        assert (refused.code, "max_clients_per_principal" in refused.message) == ("too_many_clients", True)
        status = client.request("status")
        assert status["limits"]["lifetime_seconds"] == 8 * 3600
        assert {"name": "sessions of owner", "used": 1, "allowed": 1} in status["capacities"]
        assert {"name": "attachments of owner", "used": 1, "allowed": 1} in status["capacities"]


def test_no_memory_left() -> None:
    with running_ptyd(PTYD_MEMORY_FLOOR_BYTES=str(2**50)) as ptyd:
        with pytest.raises(RequestFailed, match=r"of memory are available; .* 1024 TiB must stay") as caught:
            ptyd.request("create", argv=["cat"], kind="claude")
        assert caught.value.code == "no_resources"
        assert ptyd.sessions() == []
        assert list((Path(ptyd.runtime_dir) / "sessions").iterdir()) == []


def test_every_limit_can_be_asked_for(create: Create) -> None:
    """And changes nothing for a program that keeps far below it."""
    wish = {name: 2**20 if "bytes" in name else 1000 for name in SessionLimits.__struct_fields__}
    wish["memory_bytes"] = 2**32
    assert {name: create("cat", limits=wish)["limits"][name] for name in wish} == wish
