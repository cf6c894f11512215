"""The proxy whose connections break does exactly what it is told."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from tests.support.faulty_proxy import Fault, FaultyProxy, draw_faults, faulty, make_cuts

DATA = bytes(range(256)) * 1000


@contextlib.asynccontextmanager
async def echoing(tmp_path: Path, *faults: Fault, **options: Any) -> AsyncIterator[FaultyProxy]:
    """The proxy at ``tmp_path/p``, before a server that sends back what it gets, and "end" at its end."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
        writer.write(b"end")
        writer.close()

    server = await asyncio.start_unix_server(echo, str(tmp_path / "s"))
    async with faulty(tmp_path / "s", tmp_path / "p", iter(faults), **options) as proxy:
        yield proxy
    server.close()


async def exchange(tmp_path: Path, data: bytes) -> bytes:
    """All that comes back for ``data``."""
    reader, writer = await asyncio.open_unix_connection(str(tmp_path / "p"))
    got = b""
    with contextlib.suppress(ConnectionError):
        writer.write(data)
        writer.write_eof()
        while part := await reader.read(65536):
            got += part
    writer.close()
    return got


async def test_without_faults_everything_is_carried(tmp_path: Path) -> None:
    async with echoing(tmp_path) as proxy:
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / "p"))
        writer.write(DATA)
        assert await reader.readexactly(len(DATA)) == DATA
        writer.close()
    assert (proxy.cuts, proxy.connections, proxy.carried) == (0, 1, 2 * len(DATA))


@pytest.mark.parametrize("after_bytes", [1, 1000, len(DATA) - 1])
async def test_a_cut_loses_what_follows_and_nothing_else(tmp_path: Path, after_bytes: int) -> None:
    async with echoing(tmp_path, *make_cuts(iter([after_bytes]))) as proxy:
        got = await exchange(tmp_path, DATA)
        assert DATA.startswith(got) and len(got) <= after_bytes
        assert (proxy.cuts, proxy.carried) == (1, after_bytes)


async def test_half_a_close_is_the_end_of_one_direction(tmp_path: Path) -> None:
    async with echoing(tmp_path, Fault("half-close", 1000)) as proxy:
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / "p"))
        writer.write(DATA[:1000])
        got = await reader.read()
        writer.close()
        assert got == DATA[:1000] + b"end"  # the server was told of an end, and its answer came through
        assert (proxy.cuts, proxy.struck["half-close"]) == (1, 1)


async def test_a_stall_and_a_delay_lose_nothing(tmp_path: Path) -> None:
    faults = (Fault("stall", 100, 0.01), Fault("delay", 100, 0.001), Fault("stall", 5000, 0.01))
    async with echoing(tmp_path, *faults) as proxy:
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / "p"))
        writer.write(DATA)
        assert await reader.readexactly(len(DATA)) == DATA
        writer.close()
        assert proxy.struck == {"stall": 2, "delay": 1}
        assert proxy.is_spent


async def test_no_faults_before_it_is_armed_and_none_behind_the_last_cut(tmp_path: Path) -> None:
    faults = [Fault("cut", 10)] * 5
    async with echoing(tmp_path, *faults, most_cuts=2, disarmed=True) as proxy:
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / "p"))
        writer.write(DATA)
        assert await reader.readexactly(len(DATA)) == DATA
        proxy.arm()
        writer.write(DATA)
        with contextlib.suppress(ConnectionError):
            assert await reader.read() in (b"", *(DATA[:length] for length in range(10)))
        writer.close()
        assert proxy.cuts == 1
        assert len(await exchange(tmp_path, DATA)) < 11
        assert (proxy.cuts, proxy.is_spent) == (2, True)
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / "p"))
        writer.write(DATA)
        assert await reader.readexactly(len(DATA)) == DATA
        writer.close()


def test_a_seed_draws_the_same_faults_again() -> None:
    first, again, other = (list(islice(draw_faults(seed, 1000), 200)) for seed in (1, 1, 2))
    assert first == again != other
    assert {fault.kind for fault in first} == {"cut", "half-close", "stall", "delay"}
