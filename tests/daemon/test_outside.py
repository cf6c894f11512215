"""The daemon seen from outside: health, metrics, and what is said of them."""

import http.client
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from ptyd_protocol.messages import Detach

from tests.daemon.client import Client
from tests.daemon.conftest import Create
from tests.support.daemon import PtydUnderTest, RequestFailed, UnixHttpConnection, running_ptyd
from tests.support.waiting import wait_until

DOCS = Path(__file__).parents[2] / "docs"
NAME = re.compile(r"\b(?:ptyd|process)_[a-z_]+\b")
ONLY_WITH_USAGE = {"ptyd_session_cpus", "ptyd_session_memory_bytes", "ptyd_session_processes"}


@dataclass
class Figures:
    """One scrape."""

    samples: dict[tuple[str, frozenset[tuple[str, str]]], float]

    def get(self, metric: str, /, **labels: str) -> float:
        wanted = set(labels.items())
        return sum(value for (found, of), value in self.samples.items() if found == metric and wanted <= of)

    @property
    def names(self) -> set[str]:
        return {name for name, _ in self.samples}


def ask_unix(ptyd: PtydUnderTest, path: str, host: str = "localhost") -> tuple[int, str]:
    connection = UnixHttpConnection(ptyd.sock_path)
    try:
        connection.request("GET", path, headers={"Host": host})
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def ask_tcp(port: int, path: str, **headers: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def scrape(ptyd: PtydUnderTest) -> Figures:
    status, text = ask_unix(ptyd, "/metrics")
    assert status == 200, text
    samples = {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    return Figures(samples)


# --- health


def test_health_without_a_credential(ptyd: PtydUnderTest) -> None:
    port = ptyd.request("listen")["port"]
    for path in ("/healthz", "/readyz"):
        assert ask_unix(ptyd, path) == (200, "ok\n")
        assert ask_tcp(port, path, Host="10.0.0.7:8080") == (200, "ok\n")
        assert ask_tcp(port, path, Origin="http://evil.example")[0] == 200
    assert ask_tcp(port, "/metrics")[0] == 401
    assert ask_tcp(port, "/metrics", Authorization=f"Bearer {ptyd.request('access_token')['token']}")[0] == 200


def test_not_ready_without_a_keeper() -> None:
    with running_ptyd() as ptyd:
        port = ptyd.request("listen")["port"]
        ptyd.keeper.kill()
        ptyd.keeper.wait()
        _, text = wait_until(lambda: (answer := ask_unix(ptyd, "/readyz"))[0] == 503 and answer)
        assert "keeper" in text
        assert ask_tcp(port, "/readyz") == (503, "not ready\n")
        assert ask_unix(ptyd, "/healthz") == (200, "ok\n")
        ptyd.request("shutdown")


# --- metrics


def test_figures_follow_what_happens(ptyd: PtydUnderTest, client: Client, create: Create) -> None:
    before = scrape(ptyd)
    session = create("sh", "-c", "stty -echo; printf ready; exec cat", name="measured")["id"]
    client.attach(1, session)
    client.read_until(1, b"ready")
    for number in range(1, 41):
        client.type(1, number, b"0123456789\n")
    client.read_until(1, 40 * b"0123456789\r\n")
    with pytest.raises(RequestFailed):
        client.request("get", session="no-such-session")
    client.try_attach(2, "no-such-session")
    now = scrape(ptyd)

    def grown(metric: str, /, **labels: str) -> float:
        return now.get(metric, **labels) - before.get(metric, **labels)

    assert grown("ptyd_sessions", state="running") == 1
    assert grown("ptyd_sessions_doing") == 1
    assert now.get("ptyd_approvals_waiting") == now.get("ptyd_prompts_queued") == now.get("ptyd_runs_waiting") == 0
    assert grown("ptyd_clients") == 1
    assert now.get("ptyd_session_clients", session=session, name="measured") == 1
    assert grown("ptyd_input_bytes_total") == 440
    assert grown("ptyd_input_messages_total") == 40
    assert grown("ptyd_output_bytes_total") == grown("ptyd_session_output_bytes_total") == 5 + 40 * 12
    assert grown("ptyd_sent_bytes_total") >= 5 + 40 * 12
    assert grown("ptyd_refusals_total", code="no_such_session") == 2
    assert grown("ptyd_echo_seconds_count") >= 2
    assert now.get("ptyd_build_info") == 1
    client.send(Detach(1))
    ptyd.request("kill", session=session, grace_seconds=0.1)
    ptyd.request("kill", session=session)
    after = scrape(ptyd)
    for name in ("ptyd_input_bytes_total", "ptyd_output_bytes_total", "ptyd_sent_bytes_total"):
        assert after.get(name) >= now.get(name), "a counter never falls, whatever goes"
    assert after.get("ptyd_session_clients", session=session) == 0
    wait_until(lambda: scrape(ptyd).get("ptyd_loop_lag_seconds_count") > after.get("ptyd_loop_lag_seconds_count"))


def test_a_new_daemon_does_not_count_old_output(create: Create, ptyd: PtydUnderTest) -> None:
    session = create("sh", "-c", "head -c 100000 /dev/zero | tr '\\0' x; exec sleep 1000")["id"]
    wait_until(lambda: scrape(ptyd).get("ptyd_session_output_bytes_total", session=session) == 100_000)
    ptyd.wait_for_new_daemon(ptyd.kill_daemon())
    figures = scrape(ptyd)
    assert figures.get("ptyd_session_output_bytes_total", session=session) == 100_000
    assert figures.get("ptyd_output_bytes_total") < 100_000
    assert figures.get("ptyd_restarts_total") == 1


# --- what is written about them


@pytest.fixture(scope="module")
def exported() -> Iterator[set[str]]:
    """Every name, with one of everything in the daemon."""
    with running_ptyd() as ptyd:
        ptyd.request("create", argv=["cat"])
        with pytest.raises(RequestFailed):
            ptyd.request("get", session="none")
        names = scrape(ptyd).names
        yield names | ONLY_WITH_USAGE | {"ptyd_connections_dropped_total"}  # of which there is none yet


def test_the_dashboard_is_of_what_is_exported(exported: set[str]) -> None:
    dashboard = json.loads((DOCS / "grafana" / "ptyd.json").read_text())
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    named = {name for expression in expressions for name in NAME.findall(expression)}
    assert len(dashboard["panels"]) > 15
    assert named - exported == set()
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
    variables = {variable["name"] for variable in dashboard["templating"]["list"]}
    used = {name for expression in expressions for name in re.findall(r"\$(\w+)", expression)}
    assert used - variables == {"__rate_interval"}


def test_the_document_is_of_what_is_exported(exported: set[str]) -> None:
    text = (DOCS / "monitoring.md").read_text()
    documented = set(re.findall(r"`(ptyd_[a-z_]+)`", text))
    of_histograms = re.compile(r"_(bucket|count|sum)$")
    plain = {of_histograms.sub("", name) for name in exported if name.startswith("ptyd_")}
    assert documented == plain
