"""Who may what, tried for real: every method by every kind of principal on every kind of session."""

import contextlib
import http.client
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from ptyd_protocol.codec import decode_daemon_message, encode
from ptyd_protocol.messages import (
    Appearance,
    Attached,
    Detached,
    Failure,
    Input,
    Reply,
    Request,
    Resize,
    TakeControl,
    Visibility,
)
from ptyd_protocol.methods import METHODS
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.daemon.client import Client, connected, connected_by
from tests.support.daemon import PtydUnderTest, RequestFailed, running_ptyd
from tests.support.waiting import wait_until

PARAMS: dict[str, dict[str, Any]] = {
    "rename": {"name": "other-name"},
    "resize": {"cols": 80, "rows": 24},
    "signal": {"signal": "CONT"},
    "send": {"data": b""},
    "lock": {"locked": False},
    "wait": {"until": "exit", "timeout_seconds": 0},
    "wait_state": {"states": ["exited"], "timeout_seconds": 0},
    "answer_approval": {"decision": "deny"},
    "prompt_add": {"text": "hello"},
    "prompt_edit": {"prompt": "none", "text": "hello"},
    "prompt_drop": {"prompt": "none"},
    "prompt_wait": {"prompt": "none"},
    "create": {"argv": ["true"]},
    "token_create": {"rights": ["observe"]},
    "token_revoke": {"token": "nobody"},
    "file_put": {"upload": "0123456789abcdef", "name": "a", "size": 0, "data": b""},
    "file_get": {"path": "no-such-file"},
    "paste": {"text": " "},
    "run": {"prompt": "hello", "program": "true"},
    "conversation_search": {"text": "nothing of the kind"},
    "conversation_export": {"conversation": "none"},
    "resume": {"conversation": "none"},
    "forget_kept": {"name": "none"},
    "miniatures": {"known": {}},
}
ON_SESSION = {
    *("get", "rename", "resize", "signal", "kill", "detach", "send", "capture", "lock", "read_log", "wait", "mark"),
    *("export", "share", "keep"),
    *("explain", "wait_state"),
    *("file_put", "file_get", "paste"),
    *("prompt_add", "prompt_list", "prompt_edit", "prompt_drop", "prompt_wait"),
}
CONTROLLING = {
    *("rename", "resize", "signal", "kill", "detach", "send", "lock", "mark", "keep"),
    *("file_put", "file_get", "paste"),
    *("prompt_add", "prompt_edit", "prompt_drop"),
}
ADMIN_ONLY = {
    *("listen", "access_token", "restart", "shutdown", "token_create", "token_list", "token_revoke", "share"),
    *("audit_read", "notify_test"),
}
FOR_ALL = {
    *("list", "subscribe", "unsubscribe", "events", "status", "login_ticket", "run_list"),
    *("conversations", "conversation_search", "conversation_export", "cost", "kept", "forget_kept"),
    *("miniatures",),
    *("approvals", "answer_approval"),
}
ON_RUN = {"run_wait", "run_stop"}
"""Tried in tests/runs/test_access.py."""
CREATING = {"create", "run", "resume"}
HARMFUL = {"kill", "restart", "shutdown"}
"""Tried only where they are to be refused."""


@dataclass
class Place:
    """A daemon on TCP with some sessions, and principals to try them with."""

    ptyd: PtydUnderTest
    address: str
    sessions: dict[str, str] = field(default_factory=dict)
    """Ids by name."""
    tokens: dict[str, str] = field(default_factory=dict)
    """Secrets by name."""

    def ask(self, token: str, method: str, /, **params: Any) -> Any:
        """One request by HTTP. Raises RequestFailed."""
        status, _, body = self.http("POST", "/api/request", encode(Request(1, method, params)), bearer=token)
        if status != 200:
            raise RequestFailed(str(status), body.decode())
        answer = decode_daemon_message(body)
        if isinstance(answer, Failure):
            raise RequestFailed(answer.code, answer.message)
        assert isinstance(answer, Reply)
        return answer.result

    def http(
        self, method: str, path: str, body: bytes = b"", bearer: str = "", cookie: str = ""
    ) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(self.address, timeout=20)
        headers = {"Host": self.address, "Origin": f"http://{self.address}"}
        headers |= {"Authorization": f"Bearer {bearer}"} if bearer else {}
        headers |= {"Cookie": cookie} if cookie else {}
        with contextlib.closing(connection):
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            answer = response.read()
            return response.status, {name.lower(): value for name, value in response.getheaders()}, answer

    def connect(self, token: str, **more: Any) -> Any:
        return connected_by(self.address, {"Authorization": f"Bearer {token}"}, **more)

    def connect_browser(self, cookie: str) -> Any:
        """As a page of the daemon's own does."""
        return connected_by(self.address, {"Cookie": cookie, "Origin": f"http://{self.address}"})

    def log_in(self, secret: str, cookie: str = "") -> tuple[int, str, str]:
        """Status, the Cookie header to send from now on, and the session to open."""
        status, headers, body = self.http("POST", "/login", secret.encode(), cookie=cookie)
        return status, headers.get("set-cookie", "").partition(";")[0], body.decode()


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with running_ptyd() as ptyd:
        listener = ptyd.request("listen")
        place = Place(ptyd, f"{listener['host']}:{listener['port']}")
        for name in ("build", "build-2", "serve"):
            place.sessions[name] = ptyd.request("create", argv=["cat"], name=name)["id"]
        for name, rights, session in (
            ("observer", ["observe"], None),
            ("controller", ["control"], None),
            ("creator", ["create"], None),
            ("watcher-creator", ["observe", "create"], None),
            ("guest-observer", ["observe"], "build"),
            ("guest-controller", ["control"], "build"),
            ("admin", ["admin"], None),
        ):
            made = ptyd.request("token_create", rights=rights, session=session, name=name)
            place.tokens[name] = made["token"]
        for creator in ("creator", "watcher-creator"):
            session = place.ask(place.tokens[creator], "create", argv=["cat"], name=f"of-{creator}")
            place.sessions[f"of-{creator}"] = session["id"]
        yield place


SEEN = {
    "observer": {"build", "build-2", "serve", "of-creator", "of-watcher-creator"},
    "controller": {"build", "build-2", "serve", "of-creator", "of-watcher-creator"},
    "creator": {"of-creator"},
    "watcher-creator": {"build", "build-2", "serve", "of-creator", "of-watcher-creator"},
    "guest-observer": {"build"},
    "guest-controller": {"build"},
    "admin": {"build", "build-2", "serve", "of-creator", "of-watcher-creator"},
}
CONTROLLED = {
    **{"controller": SEEN["controller"], "admin": SEEN["admin"], "creator": {"of-creator"}},
    **{"watcher-creator": {"of-watcher-creator"}, "guest-controller": {"build"}},
}


def expect(who: str, method: str, session: str) -> str:
    """The word of the refusal, "" where it is allowed."""
    if method in ADMIN_ONLY:
        return "" if who == "admin" else "not_allowed"
    if method in ON_RUN:
        return "no_such_session"  # there is no run
    if method in CREATING:
        return "" if who in {"creator", "watcher-creator", "admin"} else "not_allowed"
    if method in FOR_ALL:
        return ""
    if session not in SEEN[who]:
        return "no_such_session"
    if method in CONTROLLING and session not in CONTROLLED.get(who, set()):
        return "not_allowed"
    return "not_allowed" if method == "rename" and who == "guest-controller" else ""


def test_the_table_knows_every_method() -> None:
    assert set(METHODS) == ON_SESSION | ADMIN_ONLY | FOR_ALL | ON_RUN | CREATING


@pytest.mark.parametrize("who", SEEN)
def test_every_method(place: Place, who: str) -> None:
    token, wrong = place.tokens[who], []
    for method in METHODS:
        for session in place.sessions if method in ON_SESSION else ["build"]:
            wanted = expect(who, method, session)
            if not wanted and (method in HARMFUL or method in {"create", "run"}):
                continue
            params = dict(PARAMS.get(method, {}))
            if method == "rename":
                params["name"] = session  # as it is
            if method in ON_SESSION:
                params["session"] = place.sessions[session]
            try:
                place.ask(token, method, **params)
                got = ""
            except RequestFailed as failed:
                got = failed.code
            # These prove by their own refusals that they were let in.
            is_own = {
                *(("wait", "timeout"), ("token_revoke", "no_such_token"), ("subscribe", "bad_request")),
                ("wait_state", "timeout"),
                ("answer_approval", "no_such_approval"),
                ("notify_test", "unavailable"),
                ("file_get", "no_such_file"),
                *(("conversation_export", "no_such_conversation"), ("resume", "no_such_conversation")),
                *(("forget_kept", "no_such_session"), ("keep", "bad_request")),
                # The program is none that takes prompts.
                *((f"prompt_{what}", "unavailable") for what in ("add", "edit", "drop", "wait")),
            }
            if got != wanted and not (not wanted and (method, got) in is_own):
                wrong.append((method, session, wanted, got))
    assert wrong == []


@pytest.mark.parametrize("who", SEEN)
def test_every_way_to_name_a_session(place: Place, who: str) -> None:
    """By id, by name, by beginnings, as the latest: what is not seen is not there, and that in the same words."""
    token = place.tokens[who]
    for name, session_id in place.sessions.items():
        for ref in (session_id, name, session_id[:7], name[:-1] + name[-1]):
            if name in SEEN[who]:
                assert place.ask(token, "get", session=ref)["id"] == session_id
            else:
                with pytest.raises(RequestFailed) as hidden:
                    place.ask(token, "get", session=ref)
                with pytest.raises(RequestFailed) as absent:
                    place.ask(token, "get", session="zz")
                assert str(hidden.value).replace(ref, "zz") == str(absent.value)
    assert {one["name"] for one in place.ask(token, "list")} == SEEN[who]
    latest = place.ask(token, "get", session="")
    assert latest["name"] in SEEN[who]


def test_ambiguous_only_among_ones_own(place: Place) -> None:
    assert place.ask(place.tokens["guest-observer"], "get", session="b")["name"] == "build"
    with pytest.raises(RequestFailed, match=r"ambiguous_session.*build.*build-2"):
        place.ask(place.tokens["observer"], "get", session="buil")


def test_status_tells_of_ones_own(place: Place) -> None:
    with connected(place.ptyd.sock_path) as owner:
        owner.attach(1, "serve")
        status = place.ask(place.tokens["guest-observer"], "status")
        assert (status["sessions"], status["clients"], status["listeners"], status["runtime_dir"]) == (1, [], [], "")
        assert len(place.ask(place.tokens["observer"], "status")["clients"]) == 1


def test_welcome_says_who_one_is(place: Place) -> None:
    with place.connect(place.tokens["guest-controller"]) as client:
        assert client.welcome.principal == "guest-controller"
        assert client.welcome.rights == ["control", "observe"]
        assert client.welcome.session == place.sessions["build"]
    with connected(place.ptyd.sock_path, hello=False) as owner:
        welcome = owner.hello()
        assert (welcome.principal, welcome.session) == ("owner", None)
        assert welcome.rights == ["admin", "control", "create", "observe"]


# --- attachments


@pytest.mark.parametrize("who", ["observer", "guest-observer", "watcher-creator"])
def test_whoever_only_observes_attaches_only_so(place: Place, who: str) -> None:
    with place.connect(place.tokens[who]) as client:
        refused = client.try_attach(1, "build")
        assert isinstance(refused, Detached) and refused.code == "not_allowed"
        refused = client.try_attach(2, "build", role="observe", lossless=True)
        assert isinstance(refused, Detached) and refused.code == "not_allowed"
        assert isinstance(client.try_attach(3, "build", role="observe"), Attached)


def test_an_observer_changes_nothing(place: Place) -> None:
    """It says all that a client can say on a channel; the session stays as it is."""
    with connected(place.ptyd.sock_path) as owner, place.connect(place.tokens["guest-observer"]) as client:
        before = owner.attach(1, "build")
        client.attach(1, "build", role="observe", cols=33, rows=11)
        for message in (
            Resize(1, 44, 12),
            TakeControl(1, 45, 13),
            Visibility(1, True),
            Visibility(1, False),
            Appearance(1, foreground=1),
        ):
            client.send(message)
        client.ping()
        client.send(Input(1, 1, b"never\r"))
        gone = client.wait_for(Detached)
        assert gone.code == "not_allowed"
        info = place.ptyd.request("get", session="build")
        assert (info["cols"], info["rows"], info["controller"]) == (before.cols, before.rows, owner.client_id)
        assert b"never" not in place.ptyd.request("read_log", session="build")["data"]


def test_an_observer_alone_does_not_size_the_session(place: Place) -> None:
    before = place.ptyd.request("get", session="build")
    with place.connect(place.tokens["guest-observer"]) as client:
        client.attach(1, "build", role="observe", cols=33, rows=11)
        after = place.ptyd.request("get", session="build")
    assert (after["cols"], after["rows"], after["controller"]) == (before["cols"], before["rows"], None)


def test_another_session_cannot_be_attached(place: Place) -> None:
    with place.connect(place.tokens["guest-controller"]) as client:
        for channel, ref in enumerate(("serve", "build-2", place.sessions["serve"], "ser", "nobody"), 1):
            refused = client.try_attach(channel, ref)
            assert isinstance(refused, Detached) and refused.code == "no_such_session"
        assert client.attach(9, "").session == place.sessions["build"]


def test_a_client_id_takes_over_nobody_elses(place: Place) -> None:
    with connected(place.ptyd.sock_path) as owner:
        owner.attach(1, "build")
        with place.connect(place.tokens["guest-controller"], client_id=owner.client_id) as client:
            client.attach(1, "build", cols=33, rows=11)
            owner.ping()  # it is still connected
            assert place.ptyd.request("get", session="build")["clients"] == 2


# --- events


def test_events_of_others_are_not_told(place: Place) -> None:
    with place.connect(place.tokens["guest-observer"]) as client:
        result = client.request("subscribe")
        assert [one["name"] for one in result["sessions"]] == ["build"]
        place.ptyd.request("resize", session="serve", cols=99, rows=9)
        hidden = place.ptyd.request("create", argv=["true"])["id"]
        place.ptyd.request("wait", session=hidden, until="exit")
        place.ptyd.request("resize", session="build", cols=98, rows=9)
        place.ptyd.request("resize", session="build", cols=80, rows=24)
        client.wait_event("resized", place.sessions["build"])
        client.ping()
        assert {event.session for event in client.events} == {place.sessions["build"]}
        last = client.events[-1].seq
        assert [event.seq for event in client.events] == list(range(result["seq"] + 1, last + 1))


# --- revoking


@contextlib.contextmanager
def temporary(place: Place, **params: Any) -> Iterator[tuple[str, Client]]:
    """A token, and a client that is attached with it."""
    made = place.ptyd.request("token_create", **{"rights": ["control"], "session": "build"} | params)
    with place.connect(made["token"]) as client:
        client.attach(1, "build")
        yield made["token"], client


def test_revoked_at_once(place: Place) -> None:
    with temporary(place, name="passing") as (token, client):
        infos = place.ptyd.request("token_revoke", token="passing")
        # Without waiting for the client: it is gone from the session when the answer comes.
        assert place.ptyd.request("get", session="build")["clients"] == 0
        with contextlib.suppress(ConnectionClosed):
            client.send(Input(1, 1, b"too late\r"))
        assert client.wait_close() == (4001, "this login was revoked")
        assert infos[0]["name"] == "passing"
        assert b"too late" not in place.ptyd.request("read_log", session="build")["data"]
        with pytest.raises(InvalidStatus, match="401"), place.connect(token):
            pass
        with pytest.raises(RequestFailed, match="401"):
            place.ask(token, "list")


def test_expired_at_once(place: Place) -> None:
    with temporary(place, expires_seconds=1.5) as (token, client):
        assert client.wait_close() == (4001, "the time of this login is over")
        with pytest.raises(RequestFailed, match="401"):
            place.ask(token, "list")


def test_removed_with_its_session(place: Place) -> None:
    place.ptyd.request("create", argv=["true"], name="brief")
    place.ptyd.request("wait", session="brief", until="exit")
    made = place.ptyd.request("token_create", rights=["observe"], session="brief")
    with place.connect(made["token"]) as client:
        place.ptyd.request("kill", session="brief")
        assert client.wait_close()[0] == 4001


def test_an_answer_that_comes_after_the_revocation_is_withheld(place: Place) -> None:
    made = place.ptyd.request("token_create", rights=["admin"], name="self-ending")
    with pytest.raises(RequestFailed, match="not_allowed"):
        place.ask(made["token"], "token_revoke", token="self-ending")


def test_uses(place: Place) -> None:
    made = place.ptyd.request("token_create", rights=["observe"], uses=1)
    with place.connect(made["token"]) as client:
        client.request("list")
        client.request("list")
        with pytest.raises(InvalidStatus, match="401"), place.connect(made["token"]):
            pass


def test_tokens_outlive_the_daemon(place: Place) -> None:
    secrets_before = set(place.tokens.values())
    place.ptyd.wait_for_new_daemon(place.ptyd.kill_daemon())
    assert {one["name"] for one in place.ask(place.tokens["guest-observer"], "list")} == {"build"}
    assert {one["name"] for one in place.ask(place.tokens["creator"], "list")} == {"of-creator"}
    kept = (place.ptyd.runtime_dir / "grants").read_text()
    assert not any(secret in kept for secret in secrets_before)
    assert not any(secret in str(place.ptyd.request("token_list")) for secret in secrets_before)


# --- shares and logins


def test_a_share_opens_one_session(place: Place) -> None:
    share = place.ptyd.request("share", session="build")
    assert share["url"] == f"http://{place.address}/login#{share['secret']}"
    status, cookie, session = place.log_in(share["secret"])
    assert (status, session) == (200, place.sessions["build"])
    with place.connect_browser(cookie) as client:
        assert [one["name"] for one in client.request("list")] == ["build"]
        client.attach(1, "build", role="observe")
        assert share["info"]["id"] in [one["id"] for one in place.ptyd.request("token_revoke", session="build")]
        assert client.wait_close()[0] == 4001
    assert place.log_in(share["secret"])[0] == 401
    assert place.http("GET", "/", cookie=cookie)[0] == 401


def test_the_page_of_a_link_asks_for_nothing_and_holds_nothing(place: Place) -> None:
    status, headers, body = place.http("GET", "/login")
    assert status == 200
    assert headers["referrer-policy"] == "no-referrer"
    assert "set-cookie" not in headers
    assert b"<script>" not in body  # the policy would not run it
    assert place.http("GET", "/login.js")[0] == 200


def test_a_new_login_drops_the_old_one(place: Place) -> None:
    first, second = (place.ptyd.request("share", session=name)["secret"] for name in ("build", "serve"))
    _, cookie, _ = place.log_in(first)
    with place.connect_browser(cookie) as client:
        status, other, _ = place.log_in(second, cookie)
        assert (status, other != cookie) == (200, True)
        assert client.wait_close() == (4001, "logged out")
    assert place.http("GET", "/api/request", cookie=cookie)[0] == 401


def test_a_cookie_of_somebody_elses_choice_stays_worthless(place: Place) -> None:
    """Fixation: what the browser came with is never what it leaves with."""
    _, cookie, _ = place.log_in(place.ptyd.request("login_ticket")["ticket"], "ptyd=chosen-by-another")
    assert cookie not in {"", "ptyd=chosen-by-another"}
    assert place.http("GET", "/api/request", cookie="ptyd=chosen-by-another")[0] == 401


def test_the_owner_is_not_logged_out_by_a_link(place: Place) -> None:
    _, cookie, _ = place.log_in(place.ptyd.request("login_ticket")["ticket"])
    status, changed, session = place.log_in(place.ptyd.request("share", session="build")["secret"], cookie)
    assert (status, changed, session) == (200, "", place.sessions["build"])
    assert place.http("POST", "/api/request", encode(Request(1, "status")), cookie=cookie)[0] == 200


def test_logging_out_closes_what_is_open(place: Place) -> None:
    _, cookie, _ = place.log_in(place.ptyd.request("login_ticket")["ticket"])
    _, other, _ = place.log_in(place.ptyd.request("login_ticket")["ticket"])
    with (
        place.connect_browser(cookie) as client,
        place.connect_browser(other) as stays,
    ):
        assert place.http("POST", "/logout", cookie=cookie)[0] == 204
        assert client.wait_close() == (4001, "logged out")
        stays.request("list")


def test_a_ticket_is_for_whoever_asked(place: Place) -> None:
    ticket = place.ask(place.tokens["guest-observer"], "login_ticket")["ticket"]
    status, cookie, session = place.log_in(ticket)
    assert (status, session) == (200, place.sessions["build"])
    with place.connect_browser(cookie) as client:
        assert client.welcome is not None and client.welcome.principal == "guest-observer"
    assert place.log_in(ticket)[0] == 401


@pytest.mark.parametrize("secret", ["", "wrong", "\x00", "x" * 256, "ü"])
def test_what_is_no_secret(place: Place, secret: str) -> None:
    status, cookie, _ = place.log_in(secret)
    assert (status, cookie) == (401, "")


def test_too_long_a_secret(place: Place) -> None:
    assert place.log_in("x" * 5000)[0] == 400


def test_logging_in_is_for_our_pages_only(place: Place) -> None:
    """Nobody's page logs a visitor in as somebody of its choice."""
    share = place.ptyd.request("share", session="build", uses=1)
    connection = http.client.HTTPConnection(place.address, timeout=20)
    with contextlib.closing(connection):
        headers = {"Host": place.address, "Origin": "http://evil.example"}
        connection.request("POST", "/login", share["secret"], headers)
        assert connection.getresponse().status == 403
    assert place.log_in(share["secret"])[0] == 200


def test_secrets_are_in_no_log(place: Place) -> None:
    share = place.ptyd.request("share", session="build")
    place.log_in(share["secret"])
    wait_until(lambda: (place.ptyd.runtime_dir / "daemon.log").exists(), 5.0, "a log")
    for name in ("daemon.log", "keeper.log", "logins", "grants"):
        text = (place.ptyd.runtime_dir / name).read_text()
        assert share["secret"] not in text, name
        assert not any(token in text for token in place.tokens.values()), name
