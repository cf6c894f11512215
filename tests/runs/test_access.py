"""Who may ask for runs, see them, and stop them."""

import json

from ptyd_protocol.messages import Attached, Detached

from tests.daemon.client import connected, connected_by
from tests.runs.conftest import Runner
from tests.support.daemon import RequestFailed
from tests.support.fake_messages_api import FakeMessagesApi


def test_who_may_what(runner: Runner, api: FakeMessagesApi) -> None:
    ptyd = runner.ptyd
    place = ptyd.request("listen")
    tokens = {
        name: ptyd.request("token_create", name=name, rights=list(rights))["token"]
        for name, rights in {
            "observer": ["observe"],
            "controller": ["control"],
            "creator": ["create"],
            "other-creator": ["create"],
        }.items()
    }
    middle = api.gate()
    api.script("slowly", ["one, ", middle, "two"])

    def ask(who: str, method: str, **params: object) -> str:
        """The word of the refusal, "" where there is none."""
        headers = {"Authorization": f"Bearer {tokens[who]}"}
        with connected_by(f"{place['host']}:{place['port']}", headers) as client:
            try:
                client.request(method, **params)
            except RequestFailed as refused:
                return refused.code
            return ""

    assert ask("observer", "run", prompt="hello", **runner.place) == "not_allowed"
    assert ask("controller", "run", prompt="hello", **runner.place) == "not_allowed"
    assert ask("creator", "run", prompt="slowly", **runner.place) == ""
    middle.wait_reached()
    [run] = ptyd.request("run_list")
    assert run["owner"] == "creator"
    for ref in (run["id"], run["name"], ""):
        assert ask("other-creator", "run_wait", run=ref, until="start") == "no_such_session"
        assert ask("other-creator", "run_stop", run=ref) == "no_such_session"
        assert ask("observer", "run_wait", run=ref, until="start") == ""
        assert ask("observer", "run_stop", run=ref) == "not_allowed"
        assert ask("creator", "run_wait", run=ref, until="start") == ""
    assert ask("controller", "run_stop", run=run["id"]) == ""
    assert runner.wait(run["id"])["kind"] == "interrupted"


def test_nobody_types_into_a_run(runner: Runner) -> None:
    run_id = runner.start("hello")["id"]
    with connected(runner.ptyd.sock_path) as client:
        refused = client.try_attach(1, run_id)
        assert isinstance(refused, Detached)
        assert refused.code == "not_allowed"
        assert "takes no input" in refused.message
        assert isinstance(client.try_attach(2, run_id, role="observe", lossless=True), Attached)
    runner.wait(run_id)


def test_the_audit_names_runs_and_no_prompt(runner: Runner) -> None:
    run_id = runner.start("a secret prompt", label="LABEL")["id"]
    runner.wait(run_id)
    runner.ptyd.request("run_stop", run=run_id)
    audit = runner.ptyd.request("audit_read")["data"].decode()
    lines = {line["event"]: line for line in map(json.loads, audit.splitlines())}
    assert lines["run_asked"]["facts"]["run"] == lines["run_stopped"]["facts"]["run"] == run_id
    assert (lines["created"]["session"], lines["created"]["principal"]) == (run_id, "owner")
    assert "secret prompt" not in audit
    assert "LABEL" not in audit
