"""A mixed load for as long as one likes, and what it left behind: ``python -m bench.soak``.

People type into sessions over connections that break, programs flood, viewers come and go, a peer sends mutated
messages, another tries doors that are shut. Afterwards: a table in Markdown; exit status 1 where a byte or a key was
lost, somebody was let in, or the daemon has died or grown.
"""

import argparse
import asyncio
import contextlib
import http.client
import json
import logging
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import ptyd_sdk
from ptyd_protocol import codec
from ptyd_protocol.errors import ProtocolError
from ptyd_protocol.messages import Ping
from ptyd_sdk.session import Session
from websockets.frames import Opcode

from tests.daemon.raw_peer import RawPeer
from tests.protocol.mutations import mutate_messages
from tests.support.daemon import PtydUnderTest, running_ptyd
from tests.support.detour import Detour, make_detour
from tests.support.faulty_proxy import draw_faults

BYTES_BETWEEN_FAULTS = 200_000
SESSIONS_OF_A_CONNECTION = 10
MOST_WARM_UP_SECONDS = 120.0
"""Until logs and screens have been filled for the first time; then the daemon is measured, to compare with the end."""
MOST_GROWTH_BYTES = 64 * 1024 * 1024
MOST_GROWTH_FILES = 16
MOST_LAG_MS = 20.0
FLOOD = """
import time
number = 0
while True:
    print("\\n".join(str(number + more) for more in range(100)), flush=True)
    number += 100
    time.sleep(0.01)
"""


@dataclass
class Tally:
    """What has happened so far."""

    keys: int = 0
    keys_wrong: int = 0
    bytes_read: int = 0
    bytes_wrong: int = 0
    visits: int = 0
    mutated: int = 0
    attempts: int = 0
    let_in: int = 0
    troubles: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Size:
    """Of daemon and keeper together."""

    files: int
    threads: int
    memory: int

    @classmethod
    def of(cls, pids: list[int]) -> "Size":
        processes = [psutil.Process(pid) for pid in pids]
        return cls(
            sum(process.num_fds() for process in processes),
            sum(process.num_threads() for process in processes),
            sum(process.memory_info().rss for process in processes),
        )


async def type_and_check(session: Session, tally: Tally, chance: random.Random) -> None:
    """Type numbers into a program that gives back each byte: all come, once, in order."""
    expected = bytearray(b"\n")  # the program's first line: its terminal is raw from then on
    async with session.attach(cols=80, rows=24) as term:

        async def read() -> None:
            async for chunk in term:
                if not expected.startswith(chunk):
                    tally.keys_wrong += 1
                    tally.troubles.append(f"{session.name}: {bytes(chunk)[:40]!r} for {bytes(expected[:40])!r}")
                del expected[: len(chunk)]

        reader = asyncio.create_task(read())  # noqa: TID251 - a program of its own, without the daemon's Tasks
        try:
            number = 0
            while True:
                await asyncio.sleep(chance.uniform(0.2, 2.0))
                token = b"%d;" % number
                number += 1
                expected += token
                await term.write(token)
                tally.keys += len(token)
        finally:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(20):
                    await asyncio.shield(_until_empty(expected))
            reader.cancel()
            if expected:
                tally.keys_wrong += len(expected)
                tally.troubles.append(f"{session.name}: {bytes(expected[:40])!r} never came")


async def _until_empty(expected: bytearray) -> None:
    while expected:  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0.05)


async def read_and_check(session: Session, tally: Tally) -> None:
    """Read the numbers that a program counts: none is missing, none comes twice."""
    rest, due = b"", 0
    async with session.attach(role="observe") as term:
        async for chunk in term:
            tally.bytes_read += len(chunk)
            *lines, rest = (rest + chunk).split(b"\r\n")
            for line in lines:
                if line != b"%d" % due:
                    tally.bytes_wrong += 1
                    tally.troubles.append(f"{session.name}: {line[:40]!r} where {due} was due")
                    due = int(line) if line.isdigit() else due
                due += 1


async def visit(address: str, ids: list[str], tally: Tally, chance: random.Random) -> None:
    """Come, look at some session, go; again and again."""
    while True:
        try:
            async with asyncio.timeout(chance.uniform(0.5, 10)):
                async with ptyd_sdk.connect(address) as ptyd:
                    session = await ptyd.get(chance.choice(ids))
                    async with session.attach(role="observe", lossless=False) as term:
                        tally.visits += 1
                        async for _ in term:
                            pass
        except (TimeoutError, ptyd_sdk.PtydError, OSError):
            pass


def send_mutated(path: Path, seed: int, tally: Tally) -> None:
    """A few hundred messages that are wrong, each connection until it is closed. What would really do something is left
    out: this is the owner's socket."""
    peer: RawPeer | None = None
    for data in mutate_messages("client", seed, 300):
        try:
            message = codec.decode_client_message(data)
        except ProtocolError:
            pass
        else:
            if message is not None and not isinstance(message, Ping):
                continue
        try:
            if peer is None:
                peer = RawPeer(path)
                peer.hello()
            peer.send_frame(Opcode.BINARY, data)
            tally.mutated += 1
        except (OSError, AssertionError):
            if peer is not None:
                peer.close()
            peer = None
    if peer is not None:
        peer.close()


def try_doors(port: int, seed: int, tally: Tally) -> None:
    """Everything that must be refused."""
    host = f"127.0.0.1:{port}"
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
        "Sec-WebSocket-Protocol": "ptyd.v1",
    }
    attempts: list[tuple[str, str, dict[str, str]]] = [
        ("GET", "/", {}),
        ("POST", "/api/request", {"Authorization": f"Bearer guess{seed}"}),
        ("GET", "/", {"Cookie": f"ptyd=guess{seed}"}),
        ("GET", f"/login?ticket=guess{seed}", {}),
        ("GET", "/", {"Host": "evil.example"}),
        ("GET", "/", {"Origin": "http://evil.example"}),
        ("GET", "/ws", upgrade),
        ("GET", "/ws", {**upgrade, "Origin": "http://evil.example"}),
    ]
    for method, path, headers in attempts:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection.request(method, path, headers={"Host": host, **headers})
            status = connection.getresponse().status
            tally.attempts += 1
            tally.let_in += status < 400
        connection.close()


async def repeat(work: Callable[[int], None], seconds: float) -> None:
    """``work`` in a thread, each time with another seed."""
    seed = 0
    while True:
        await asyncio.to_thread(work, seed)
        seed += 1
        await asyncio.sleep(seconds)


@dataclass
class Result:
    tally: Tally
    begun: Size
    ended: Size
    waits_ms: list[float]
    cuts: int
    is_same_daemon: bool


async def run_load(ptyd: PtydUnderTest, detour: Detour, options: argparse.Namespace) -> Result:
    tally, chance = Tally(), random.Random(options.seed)
    pids = [ptyd.daemon_pid(), ptyd.keeper_pid()]
    port = ptyd.request("listen")["port"]
    async with contextlib.AsyncExitStack() as stack:
        direct = await stack.enter_async_context(ptyd_sdk.connect(f"unix://{ptyd.sock_path}"))
        count = -(-options.sessions // SESSIONS_OF_A_CONNECTION)
        ways = [await stack.enter_async_context(ptyd_sdk.connect(detour.address)) for _ in range(count)]
        floods = max(1, options.sessions // 20)
        typed = []
        for number in range(options.sessions - floods):
            made = await direct.create(["sh", "-c", "stty raw -echo; echo; exec cat"], name=f"typed-{number}")
            await made.wait_text(r"\n", 60)
            typed.append(await ways[number % count].get(made.id))
        flooding = [
            await ways[number % count].get((await direct.create([sys.executable, "-c", FLOOD])).id)
            for number in range(floods)
        ]
        ids = [session.id for session in [*typed, *flooding]]
        detour.proxy.arm()
        pinger = subprocess.Popen(  # noqa: ASYNC220 - once, and at once
            [sys.executable, "-m", "bench.soak_pinger", str(ptyd.sock_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[1],
        )
        works = [
            *(type_and_check(session, tally, random.Random(f"{options.seed} {session.id}")) for session in typed),
            *(read_and_check(session, tally) for session in flooding),
            *(visit(detour.address, ids, tally, chance) for _ in range(options.clients)),
            repeat(lambda seed: send_mutated(ptyd.sock_path, seed, tally), 1.0),
            repeat(lambda seed: try_doors(port, seed, tally), 1.0),
        ]
        tasks = [asyncio.create_task(work) for work in works]  # noqa: TID251 - as above
        warm_up = min(MOST_WARM_UP_SECONDS, options.seconds / 4)
        await asyncio.wait(tasks, timeout=warm_up, return_when=asyncio.FIRST_EXCEPTION)
        begun = Size.of(pids)
        await asyncio.wait(tasks, timeout=options.seconds - warm_up, return_when=asyncio.FIRST_EXCEPTION)
        waits = await asyncio.to_thread(lambda: json.loads(pinger.communicate(b"")[0]))
        for task in tasks:
            if task.done() and task.exception() is not None:
                tally.troubles.append(f"a client failed: {task.exception()!r}")
                tally.bytes_wrong += 1
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(2)
        same = ptyd.daemon_pid() == pids[0]
        return Result(tally, begun, Size.of(pids) if same else begun, sorted(waits), detour.proxy.cuts, same)


def describe(result: Result, options: argparse.Namespace, seconds: float) -> tuple[list[tuple[str, str]], bool]:
    """Rows of the table, and whether all is well."""
    tally, begun, ended = result.tally, result.begun, result.ended
    lag = result.waits_ms[len(result.waits_ms) * 99 // 100] if result.waits_ms else float("inf")
    rows = [
        ("duration", f"{seconds:.0f} s, {options.sessions} sessions, {options.clients} clients coming and going"),
        ("keys typed · lost or wrong", f"{tally.keys:,} · {tally.keys_wrong}"),
        ("bytes of output read · lost or wrong", f"{tally.bytes_read:,} · {tally.bytes_wrong}"),
        ("connections cut · visits", f"{result.cuts:,} · {tally.visits:,}"),
        ("mutated messages sent", f"{tally.mutated:,}"),
        ("forbidden attempts tried · let in", f"{tally.attempts:,} · {tally.let_in}"),
        ("open files, start · end", f"{begun.files} · {ended.files}"),
        ("threads, start · end", f"{begun.threads} · {ended.threads}"),
        ("memory, start · end", f"{begun.memory / 1e6:.0f} MB · {ended.memory / 1e6:.0f} MB"),
        ("loop lag p50 · p99 · worst", " · ".join(f"{wait:.1f} ms" for wait in percentiles(result.waits_ms))),
        ("the daemon is the same", "yes" if result.is_same_daemon else "NO"),
    ]
    is_well = (
        not (tally.keys_wrong or tally.bytes_wrong or tally.let_in)
        and result.is_same_daemon
        and min(tally.keys, tally.bytes_read, tally.mutated, tally.attempts, tally.visits) > 0
        and ended.files - begun.files <= MOST_GROWTH_FILES
        and ended.memory - begun.memory <= MOST_GROWTH_BYTES + options.sessions * 512 * 1024
        and (lag <= MOST_LAG_MS or not options.judge_lag)
    )
    return rows, is_well


def percentiles(waits: list[float]) -> Iterator[float]:
    for share in (0.5, 0.99, 1.0):
        yield waits[min(len(waits) - 1, int(len(waits) * share))] if waits else float("nan")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3600.0)
    parser.add_argument("--sessions", type=int, default=200)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--judge-lag", action="store_true", help=f"fail where the lag's p99 is over {MOST_LAG_MS:g} ms")
    options = parser.parse_args(arguments)
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # the proxy writes into connections that it has cut
    with running_ptyd(PTYD_HOLD_GRACE_SECONDS="600", PTYD_HOLD_STALL_SECONDS="600") as ptyd:
        faults = draw_faults(options.seed, BYTES_BETWEEN_FAULTS)
        with make_detour(ptyd, "cut", faults, disarmed=True) as detour:
            begun = time.monotonic()
            result = asyncio.run(run_load(ptyd, detour, options))
            rows, is_well = describe(result, options, time.monotonic() - begun)
    print("| | |\n|---|---|")
    for name, value in rows:
        print(f"| {name} | {value} |")
    for trouble in result.tally.troubles[:20]:
        print(trouble, file=sys.stderr)
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main())
