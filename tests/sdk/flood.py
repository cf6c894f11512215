"""How much output one core takes in through the SDK: ``python -m tests.sdk.flood [MESSAGE_BYTES] [WINDOW_BYTES]``.

A peer in another process sends as fast as credit allows. What counts is the reader's CPU time: the wall time is the
peer's, which is Python too.
"""

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

from ptyd_protocol import limits
from ptyd_protocol.messages import Exited, Live, Output
from ptyd_sdk import Session, connect

from tests.sdk.scripted_daemon import ScriptedConnection, ScriptedDaemon, serve, session_info, short_directory

TOTAL_BYTES = 600_000_000


class FloodingConnection(ScriptedConnection):
    """Sends TOTAL_BYTES of zeros in messages of ``message_bytes`` to whoever attaches."""

    message_bytes = 64 * limits.KIB

    def pump(self) -> None:
        for number, channel in list(self._channels.items()):
            while (length := self._due_bytes(channel.window - (channel.sent - channel.acked), channel.sent)) > 0:
                self.send(Output(number, channel.sent, bytes(length)))
                channel.sent += length
            if channel.sent == TOTAL_BYTES:
                del self._channels[number]
                self.send_end(number)

    def _due_bytes(self, credit: int, sent: int) -> int:
        return min(credit, self.message_bytes, TOTAL_BYTES - sent)

    def send_end(self, number: int) -> None:
        self.send(Live(number, TOTAL_BYTES))
        self.send(Exited(number, TOTAL_BYTES, 0))


async def run_peer(directory: Path, message_bytes: int) -> None:
    FloodingConnection.message_bytes = message_bytes
    async with serve(ScriptedDaemon(connection_type=FloodingConnection), directory):
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.read)


async def read_flood(window: int) -> None:
    async with connect() as ptyd, Session(ptyd._link, session_info()).attach(window=window) as term:
        count = messages = 0
        wall, cpu = time.perf_counter(), time.process_time()
        async for chunk in term:
            count += len(chunk)
            messages += 1
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"{messages} messages: {count / cpu / 1e6:.0f} MB/s of CPU time, {count / wall / 1e6:.0f} MB/s of wall time")


def main() -> None:
    if sys.argv[1:2] == ["--peer"]:
        asyncio.run(run_peer(Path(sys.argv[2]), int(sys.argv[3])))
        return
    message_bytes, window = [*map(int, sys.argv[1:3]), *(64 * limits.KIB, limits.MIB)[len(sys.argv) - 1 :]]
    with short_directory() as directory:
        os.environ["PTYD_DIR"] = str(directory)
        command = [sys.executable, "-m", "tests.sdk.flood", "--peer", str(directory), str(message_bytes)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as peer:
            assert peer.stdout is not None and peer.stdin is not None
            peer.stdout.readline()
            asyncio.run(read_flood(window))
            peer.stdin.close()


if __name__ == "__main__":
    main()
