"""The requests about sessions, one by one, against a real daemon."""

import hashlib
import re
import signal
import time
from typing import Any

import pytest
from ptyd_protocol.messages import Detached, Exited, Live, Resized

from tests.daemon.client import Client
from tests.daemon.conftest import Connect, Create
from tests.support.daemon import PtydUnderTest, RequestFailed
from tests.support.waiting import wait_for_process_end


def refusal_of(client: Client, method: str, **params: Any) -> tuple[str, str]:
    """Code and message of a request that must fail."""
    with pytest.raises(RequestFailed) as caught:
        client.request(method, **params)
    code, _, message = str(caught.value).partition(": ")
    return code, message


# --- finding


def test_list_and_get(client: Client, create: Create) -> None:
    first, second = create("cat", name="first"), create("cat", name="second")
    listed = {info["id"]: info for info in client.request("list")}
    assert {first["id"], second["id"]} <= set(listed)
    assert listed[first["id"]]["name"] == "first"
    for ref in (first["id"], "first", "fir"):
        assert client.request("get", session=ref)["id"] == first["id"]
    assert client.request("get")["id"] == second["id"]  # the latest


@pytest.mark.parametrize(
    ("method", "params"),
    [
        *((method, {}) for method in ("get", "detach", "kill", "capture", "read_log")),
        ("rename", {"name": "x"}),
        ("resize", {"cols": 80, "rows": 24}),
        ("signal", {"signal": "TERM"}),
        ("send", {"data": b"x"}),
        ("wait", {"until": "exit"}),
    ],
)
def test_no_such_session(client: Client, method: str, params: dict[str, Any]) -> None:
    code, message = refusal_of(client, method, session="nobody", **params)
    assert (code, message) == ("no_such_session", "no session 'nobody'; `ptyd ls` shows those there are")


def test_ambiguous(client: Client, create: Create) -> None:
    create("cat", name="amb-1")
    create("cat", name="amb-2")
    assert refusal_of(client, "get", session="amb") == ("ambiguous_session", "'amb' could be any of amb-1, amb-2")


def test_unknown_method_and_bad_parameters(client: Client) -> None:
    assert refusal_of(client, "fly") == ("unknown_method", "this daemon knows no method 'fly'")
    code, message = refusal_of(client, "get", session=3)
    assert code == "bad_request"
    assert "session" in message


# --- names


def test_rename(client: Client, create: Create) -> None:
    info = create("cat", name="before")
    other = create("cat", name="other")
    assert client.request("rename", session="before", name="after")["name"] == "after"
    assert client.request("get", session="after")["id"] == info["id"]
    assert refusal_of(client, "get", session="before")[0] == "no_such_session"
    assert refusal_of(client, "rename", session="after", name="other")[0] == "name_taken"
    assert refusal_of(client, "rename", session="after", name="no good")[0] == "bad_name"
    assert client.request("rename", session="after", name="after")["name"] == "after"
    client.request("kill", session=other["id"], grace_seconds=0.2)
    assert client.request("rename", session="after", name="other")["id"] == info["id"]


# --- the terminal's size


def test_resize_reaches_the_program(client: Client, create: Create) -> None:
    info = create("sh", "-c", "trap 'stty size' WINCH; echo ready; while :; do read x; done")
    client.attach(1, info["id"], role="observe")
    client.read_until(1, b"ready")
    assert client.request("resize", session=info["id"], cols=101, rows=31)["cols"] == 101
    client.wait_for(Resized, lambda resized: (resized.cols, resized.rows) == (101, 31))
    client.read_until(1, b"31 101")
    assert (client.request("get", session=info["id"])["cols"]) == 101


def test_the_same_size_is_no_signal(client: Client, create: Create) -> None:
    info = create("sh", "-c", "trap 'echo winch' WINCH; echo ready; while read x; do echo got $x; done")
    client.attach(1, info["id"])
    client.read_until(1, b"ready")
    client.request("resize", session=info["id"], cols=80, rows=24)
    client.type(1, 1, b"key\r")
    assert b"winch" not in client.read_until(1, b"got key")


# --- signals


def test_signal_goes_to_the_foreground_group(client: Client, create: Create) -> None:
    """To the job in front, not to its shell."""
    info = create("bash", "--norc", "-i")
    client.attach(1, info["id"])
    client.type(1, 1, b"PS1='$ '; trap 'echo shell g''ot it' USR1; echo read'y'\r")
    client.read_until(1, b"ready")
    client.type(
        1, 2, b"bash -c 'trap \"echo job got it; exit 7\" USR1; echo wai'ting'; while :; do sleep 0.02; done'\r"
    )
    client.read_until(1, b"waiting")
    assert client.request("signal", session=info["id"], signal="USR1")["state"] == "running"
    client.read_until(1, b"job got it")
    client.type(1, 3, b"echo status $?\r")
    assert b"shell got it" not in client.read_until(1, b"status 7")


@pytest.mark.parametrize("wish", ["TERM", "SIGTERM", "sigterm", 15, "15"])
def test_ways_to_name_a_signal(client: Client, create: Create, wish: str | int) -> None:
    info = create("sleep", "600")
    client.request("signal", session=info["id"], signal=wish)
    assert client.request("wait", session=info["id"], until="exit")["exit_signal"] == signal.SIGTERM


@pytest.mark.parametrize("wish", ["NOPE", "", "0", 0, 999, "²", "-15", "SIG"])
def test_what_is_no_signal(client: Client, create: Create, wish: str | int) -> None:
    info = create("sleep", "600")
    assert refusal_of(client, "signal", session=info["id"], signal=wish)[0] == "bad_request"


# --- input


def test_send(client: Client, create: Create) -> None:
    info = create("cat")
    client.attach(1, info["id"], role="observe")
    assert client.request("send", session=info["id"], data=b"by request\r")["id"] == info["id"]
    client.read_until(1, b"by request\r\nby request\r\n")


def test_send_much(client: Client, create: Create) -> None:
    """More than the pipe and the terminal hold together: it is replied to when the last byte is taken."""
    info = create("sh", "-c", "stty raw -echo; echo ready; exec head -c 200000 | sha256sum")
    client.attach(1, info["id"])
    client.read_until(1, b"ready")
    data = bytes(index % 251 for index in range(200_000))
    client.request("send", session=info["id"], data=data)
    client.read_until(1, hashlib.sha256(data).hexdigest().encode())


def test_send_is_answered_when_the_program_ends_instead(connect: Connect, create: Create) -> None:
    """Input that waits for a program that does not read it, until it is killed."""
    info = create("sh", "-c", "stty raw -echo; printf ready; exec sleep 600")
    sender, killer = connect(), connect()
    killer.attach(1, info["id"], role="observe")
    killer.read_until(1, b"ready")
    request_id = sender.begin_request("send", session=info["id"], data=b"x" * 200_000)
    sender.ping()
    killer.request("kill", session=info["id"], grace_seconds=0.2)
    with pytest.raises(RequestFailed) as caught:
        sender.end_request(request_id)
    assert caught.value.code == "session_exited"


# --- reading


def test_read_log(client: Client, create: Create) -> None:
    info = create("sh", "-c", "printf 0123456789; exec sleep 600")
    client.attach(1, info["id"], role="observe")
    client.read_until(1, b"9")
    whole = client.request("read_log", session=info["id"])
    assert whole == {
        "offset": 0,
        "data": b"0123456789",
        "epoch": info["epoch"],
        "log_start": 0,
        "log_head": 10,
    }
    part = client.request("read_log", session=info["id"], offset=3, max_bytes=4)
    assert (part["offset"], part["data"]) == (3, b"3456")
    newest = client.request("read_log", session=info["id"], max_bytes=4)
    assert (newest["offset"], newest["data"]) == (6, b"6789")
    assert client.request("read_log", session=info["id"], offset=10)["data"] == b""
    assert refusal_of(client, "read_log", session=info["id"], offset=11) == (
        "output_lost",
        "the log holds bytes 0 to 10, and not 11",
    )


def test_capture(client: Client, create: Create) -> None:
    info = create("sh", "-c", r"printf '\033[1mbold\033[0m\nlast'; exec sleep 600")
    client.attach(1, info["id"], role="observe")
    client.read_until(1, b"last")
    result = client.request("capture", session=info["id"])
    assert (result["text"].rstrip(), result["source"]) == ("bold\nlast", "screen")
    assert len(result["text"].splitlines()) == 24


# --- waiting


def test_wait_exit(client: Client, create: Create) -> None:
    info = create("sh", "-c", "read x; exit 3")
    request_id = client.begin_request("wait", session=info["id"], until="exit")
    client.request("send", session=info["id"], data=b"\r")
    ended = client.end_request(request_id)
    assert (ended["state"], ended["exit_code"], ended["exit_signal"]) == ("exited", 3, None)
    assert ended["exited_at"] >= ended["created_at"]


def test_wait_times_out(client: Client, create: Create) -> None:
    info = create("sleep", "600", name="sleepy")
    for until in ("exit", "idle"):
        params = {"idle_seconds": 600.0} if until == "idle" else {}
        answer = refusal_of(client, "wait", session="sleepy", until=until, timeout_seconds=0.05, **params)
        assert answer == ("timeout", f"session sleepy: no {until} within 0.05 s")
    assert client.request("get", session=info["id"])["state"] == "running"


def test_wait_for_what_is_already(client: Client, create: Create) -> None:
    info = create("true")
    client.request("wait", session=info["id"], until="exit")
    for until in ("exit", "idle"):
        ended = client.request("wait", session=info["id"], until=until, timeout_seconds=0)
        assert ended["state"] == "exited"


def test_wait_idle(client: Client, create: Create) -> None:
    info = create("sh", "-c", "for i in 1 2 3 4 5 6 7 8; do echo $i; sleep 0.05; done; exec sleep 600")
    idle = client.request("wait", session=info["id"], until="idle", idle_seconds=0.5, timeout_seconds=15)
    assert idle["state"] == "running"
    assert idle["log_head"] == len("1\r\n") * 8
    assert time.time() - idle["last_output_at"] >= 0.49  # counted by another clock


# --- ending


def test_kill_tells_how_it_ended(client: Client, create: Create) -> None:
    info = create("cat")
    ended = client.request("kill", session=info["id"], grace_seconds=5)
    assert (ended["state"], ended["exit_signal"]) == ("exited", signal.SIGHUP)
    wait_for_process_end(info["pid"])


def test_kill_goes_from_asking_to_making(client: Client, create: Create) -> None:
    hears_term = create("sh", "-c", "trap '' HUP; trap 'exit 9' TERM; echo ready; while :; do sleep 0.02; done")
    hears_nothing = create("sh", "-c", "trap '' HUP TERM; echo ready; while :; do sleep 0.02; done")
    for channel, info in enumerate((hears_term, hears_nothing), 1):
        client.attach(channel, info["id"], role="observe")
        client.read_until(channel, b"ready")
    assert client.request("kill", session=hears_term["id"], grace_seconds=0.3)["exit_code"] == 9
    assert client.request("kill", session=hears_nothing["id"], grace_seconds=0.3)["exit_signal"] == signal.SIGKILL


def test_kill_of_an_ended_session_removes_it(client: Client, create: Create, ptyd: PtydUnderTest) -> None:
    info = create("true")
    client.request("wait", session=info["id"], until="exit")
    assert (ptyd.runtime_dir / "sessions" / f"{info['id']}.log").exists()
    assert client.request("kill", session=info["id"])["state"] == "exited"
    assert refusal_of(client, "get", session=info["id"])[0] == "no_such_session"
    assert not (ptyd.runtime_dir / "sessions" / f"{info['id']}.log").exists()


def test_two_kill_at_once(connect: Connect, create: Create) -> None:
    info = create("sh", "-c", "trap '' HUP; while :; do sleep 0.02; done")
    clients = [connect(), connect()]
    asked = [client.begin_request("kill", session=info["id"], grace_seconds=0.3) for client in clients]
    for client, request_id in zip(clients, asked, strict=True):
        assert client.end_request(request_id)["state"] == "exited"


@pytest.mark.parametrize(
    ("method", "params"), [("resize", {"cols": 90, "rows": 30}), ("signal", {"signal": 15}), ("send", {"data": b"x"})]
)
def test_what_an_ended_session_cannot(client: Client, create: Create, method: str, params: dict[str, Any]) -> None:
    info = create("true", name="ended")
    client.request("wait", session=info["id"], until="exit")
    code, message = refusal_of(client, method, session=info["id"], **params)
    assert code == "session_exited"
    assert "ended" in message


def test_detach_closes_every_channel_of_it(connect: Connect, create: Create) -> None:
    info, other = create("cat"), create("cat")
    clients = [connect(), connect()]
    for client in clients:
        client.attach(1, info["id"])
        client.attach(2, other["id"])
        client.attach(3, info["id"], role="observe")
    clients[0].request("detach", session=info["id"])
    for client in clients:
        gone = {client.wait_for(Detached).channel for _ in range(2)}
        assert gone == {1, 3}
    assert clients[0].request("get", session=info["id"])["clients"] == 0
    assert clients[0].request("get", session=other["id"])["clients"] == 2
    clients[1].type(2, 1, b"still\r")
    clients[1].read_until(2, b"still")


# --- exits are kept until somebody has seen them


def test_an_exit_is_kept_until_it_is_seen(client: Client, create: Create) -> None:
    info = create("sh", "-c", "exit 42")
    client.attach(1, info["id"], role="observe")
    exited = client.wait_for(Exited)
    assert (exited.code, exited.signal) == (42, None)
    assert client.request("get", session=info["id"])["exit_code"] == 42
    client.attach(2, info["id"], role="observe")  # and can be looked at again
    client.wait_for(Live)
    assert client.wait_for(Exited).code == 42


# --- the daemon


def test_status(client: Client, create: Create, ptyd: PtydUnderTest) -> None:
    info = create("cat")
    client.attach(1, info["id"], cols=99, rows=33, window=8192, lossless=True)
    client.type(1, 1, b"12345")
    client.read_until(1, b"12345")
    client.ping()
    status = client.request("status")
    assert status["daemon_pid"] == ptyd.daemon_pid()
    assert status["keeper_pid"] == ptyd.keeper_pid()
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", status["version"])
    assert status["uptime"] > 0
    assert status["sessions"] >= status["sessions_running"] >= 1
    assert (status["max_sessions"], status["restarts"]) == (512, 0)
    assert status["engine"].startswith("libghostty-vt")
    assert status["runtime_dir"] == str(ptyd.runtime_dir)
    assert {"kind": "unix", "address": str(ptyd.sock_path), "tls": False, "fingerprint": ""} in status["listeners"]
    (mine,) = [one for one in status["clients"] if one["client_id"] == client.client_id]
    assert mine == {
        **{"session": info["id"], "client": "test/1", "client_id": client.client_id, "role": "control"},
        **{"lossless": True, "cols": 99, "rows": 33, "epoch": info["epoch"], "sent": 5, "acked": 5, "window": 8192},
        **{"hidden": False, "unacked": 0, "allowed": 8192, "held": 0, "resyncs": 0, "principal": "owner"},
    }


def test_subscribe_needs_a_connection(ptyd: PtydUnderTest, create: Create) -> None:
    with pytest.raises(RequestFailed, match="WebSocket") as caught:
        ptyd.request("subscribe")
    assert caught.value.code == "bad_request"
    create("cat")  # and whatever happens later, concerns nobody


def test_events_of_a_session(connect: Connect, create: Create) -> None:
    watcher, actor = connect(), connect()
    state = watcher.request("subscribe")
    info = create("cat", name="watched")
    actor.attach(1, info["id"], cols=90)
    actor.request("rename", session=info["id"], name="seen")
    actor.request("kill", session=info["id"], grace_seconds=0.2)
    actor.request("kill", session=info["id"])
    watcher.wait_event("removed", info["id"])
    assert [event.seq for event in watcher.events] == list(range(state["seq"] + 1, watcher.events[-1].seq + 1))
    kinds = [event.kind for event in watcher.events if event.session == info["id"]]
    assert [kind for kind in kinds if kind not in ("updated", "activity")] == [
        "created",
        "resized",
        "renamed",
        "exited",
        "removed",
    ]
    updates = [event.data for event in watcher.events if event.kind == "updated" and event.session == info["id"]]
    assert updates[0]["controller"] == actor.client_id
    watcher.request("unsubscribe")
    watcher.events.clear()
    create("cat")
    watcher.ping()
    assert watcher.events == []
