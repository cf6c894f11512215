"""Connections break at random and the daemon is killed, while a program floods and three clients of three kinds type.

No key and no byte of output is lost or doubled, and in the end everybody sees the same screen. What happens is drawn
from a seed, and counted in bytes. Short in CI; ``make soak`` cuts 1,000 connections and kills the daemon 100 times.
"""

import contextlib
import json
import os
import random
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import browser  # noqa: F401 - a fixture
from tests.faults import flooding_recorder
from tests.faults.typists import DIGITS, LOWER, UPPER, BrowserClient, KeyLog, Typist
from tests.support.daemon import PTYD_COMMAND, PtydUnderTest, running_ptyd
from tests.support.detour import make_detour
from tests.support.engine_screen import EngineScreen
from tests.support.faulty_proxy import FaultyProxy, draw_faults, faulty_proxy
from tests.support.sdk_client import SdkClient
from tests.support.soak import choose_scale
from tests.support.terminal import RealTerminal
from tests.support.waiting import wait_until

SEED = int(os.environ.get("PTYD_FAULT_SEED", "7"))
CUTS = choose_scale(40, 1000)
"""Of all four clients together."""
KILLS = choose_scale(4, 100)
BYTES_BETWEEN_FAULTS = 150_000
BYTES_BETWEEN_KILLS = 400_000
COLS, ROWS = 80, 24
DEADLINE_SECONDS = choose_scale(180, 3000)


class Killer(threading.Thread):
    """Kills the daemon ``KILLS`` times, each time when ``reader`` has got some more bytes, or at once."""

    def __init__(self, ptyd: PtydUnderTest, reader: SdkClient) -> None:
        super().__init__(name="killer")
        self.kills = 0
        self.failure: BaseException | None = None
        self._ptyd = ptyd
        self._reader = reader
        self._chance = random.Random(SEED)

    def run(self) -> None:
        try:
            while self.kills < KILLS:
                at_once = self._chance.random() < 0.2
                goal = self._reader.received + (0 if at_once else self._chance.randint(0, BYTES_BETWEEN_KILLS))
                wait_until(lambda goal=goal: self._reader.received >= goal, DEADLINE_SECONDS)  # type: ignore[misc]
                killed = self._ptyd.kill_daemon()
                self._ptyd.wait_for_new_daemon(killed)
                self.kills += 1
        except BaseException as error:
            self.failure = error


@pytest.fixture
def web_proxy() -> Iterator[FaultyProxy]:
    """The browser's way to the daemon. It is there first, since the daemon must know it as one of its hosts."""
    faults = draw_faults(SEED + 4, BYTES_BETWEEN_FAULTS)
    with faulty_proxy(Path("nowhere"), ("127.0.0.1", 0), faults, CUTS // 4, disarmed=True) as proxy:
        yield proxy


@pytest.fixture
def ptyd(web_proxy: FaultyProxy) -> Iterator[PtydUnderTest]:
    with running_ptyd(
        PTYD_HOLD_GRACE_SECONDS="600",
        PTYD_HOLD_STALL_SECONDS="600",
        PTYD_LOG_BYTES=str(1024 * 1024),
        PTYD_ALLOWED_HOSTS=f"127.0.0.1:{web_proxy.port}",
    ) as ptyd:
        place = ptyd.request("listen", host="127.0.0.1", port=0)
        web_proxy.upstream = (place["host"], place["port"])
        yield ptyd


@pytest.mark.browser
@pytest.mark.timeout(DEADLINE_SECONDS + 60)
def test_nothing_is_lost_and_nothing_is_doubled(
    ptyd: PtydUnderTest,
    web_proxy: FaultyProxy,
    browser: Browser,  # noqa: F811
    tmp_path: Path,
) -> None:
    session = ptyd.request("create", argv=[sys.executable, flooding_recorder.__file__, str(tmp_path)])["id"]
    with contextlib.ExitStack() as stack:
        detours = [
            stack.enter_context(
                make_detour(
                    ptyd, f"d{number}", draw_faults(SEED + number, BYTES_BETWEEN_FAULTS), CUTS // 4, disarmed=True
                )
            )
            for number in (1, 2, 3)
        ]
        reader = stack.enter_context(SdkClient(detours[0].address, session, role="observe"))
        program = stack.enter_context(SdkClient(detours[1].address, session, lossless=False, cols=100, rows=30))
        terminal = stack.enter_context(
            RealTerminal(
                [PTYD_COMMAND, "attach", session], detours[2].env, cols=COLS, rows=ROWS, make_screen=EngineScreen
            )
        )
        terminal.wait_for(lambda screen: "ready" in screen.text(), "the program")
        origin = f"http://127.0.0.1:{web_proxy.port}"
        web = BrowserClient(browser, ptyd.request("login_ticket")["url"], origin, session)
        stack.callback(web.close)

        proxies = [web_proxy, *(detour.proxy for detour in detours)]
        typists = [
            Typist(LOWER, 4, program.write),
            Typist(UPPER, 4, terminal.type),
            Typist(DIGITS, 6, web.press),
        ]
        log = KeyLog(tmp_path / "keys")
        killer = Killer(ptyd, reader)
        terminal.type("\r")
        terminal.wait_for(lambda screen: "plain" in screen.text(), "the flood")
        for proxy in proxies:
            proxy.arm()
        killer.start()
        stack.callback(killer.join)

        def type_on() -> bool:
            log.refresh()
            for typist in typists:
                typist.go_on(log)
            if killer.failure is not None:
                raise killer.failure
            return killer.kills == KILLS and all(proxy.is_spent for proxy in proxies)

        def describe() -> str:
            return (
                f"{killer.kills} kills; cuts {[proxy.cuts for proxy in proxies]}; {reader.received} bytes read;"
                f" keys {[(len(typist.typed), log.count(typist.alphabet)) for typist in typists]}"
            )

        wait_until(type_on, DEADLINE_SECONDS, describe)

        # Every key, once, in order.
        def have_arrived() -> bool:
            log.refresh()
            return len(log.keys) >= sum(len(typist.typed) for typist in typists)

        wait_until(have_arrived, 60, describe)
        terminal.type("!")
        report = wait_until(lambda: read_report(tmp_path), 120, describe)
        log.refresh()
        assert log.keys.endswith(b"!")
        for typist in typists:
            assert log.of(typist.alphabet) == typist.typed
        assert len(log.keys) == sum(len(typist.typed) for typist in typists) + 1

        # Every byte, once.
        wait_until(lambda: reader.received >= report["written"], 120, describe)
        assert (reader.received, reader.digest.hexdigest()) == (report["written"], report["digest"])
        assert reader.gaps == [] and program.gaps == []

        # One screen.
        screen = capture(ptyd, session)
        assert screen[-1] == "END" and len(screen) == ROWS
        for client in (reader, program, terminal, web):
            wait_for_screen(client, screen)
        struck = sum((proxy.struck for proxy in proxies), Counter())
        assert sum(proxy.cuts for proxy in proxies) >= CUTS // 4 * 4
        assert killer.kills == KILLS
        print(f"{describe()}; {dict(struck)}; screens for the viewer: {program.screens}")


def read_report(folder: Path) -> dict[str, Any] | None:
    try:
        report: dict[str, Any] = json.loads((folder / "report").read_text())
    except FileNotFoundError:
        return None
    return report


def capture(ptyd: PtydUnderTest, session: str) -> list[str]:
    result = ptyd.request("capture", session=session)
    assert result["source"] == "screen"
    return [line.rstrip() for line in result["text"].rstrip().splitlines()]


def wait_for_screen(client: Any, screen: list[str]) -> None:
    wait_until(
        lambda: shown_by(client) == screen,
        60,
        lambda: "\n".join([type(client).__name__, *shown_by(client), "instead of", *screen]),
    )


def shown_by(client: Any) -> list[str]:
    """The last lines of what a client shows; those of a browser or of a larger screen have others above them."""
    return [line.rstrip() for line in client.text().rstrip().splitlines()[-ROWS:]]
