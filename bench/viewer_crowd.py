"""``python -m bench.viewer_crowd SOCKET SESSION COUNT``: viewers of one ptyd session, each on its own connection.

All read as fast as they can, but for one, which stops reading its socket once it is attached. Says ``ready`` when
all are attached; ends with its standard input.
"""

import asyncio
import contextlib
import sys
from pathlib import Path

import uvloop
from ptyd_protocol.limits import DEFAULT_WINDOW_BYTES

from bench.helper_process import say_ready
from bench.peers.base import OutputEnded
from bench.peers.ptyd_client import PtydTerminal


async def watch(socket: Path, session: str, count: int) -> None:
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), ended.set)
    viewers = [await PtydTerminal.connect(socket) for _ in range(count)]
    for viewer in viewers:
        await viewer.attach(session, "observe", lossless=False, window=DEFAULT_WINDOW_BYTES)
    viewers[-1].socket.transport.pause_reading()
    async with asyncio.TaskGroup() as tasks:
        reading = [tasks.create_task(read_all(viewer)) for viewer in viewers[:-1]]
        say_ready()
        await ended.wait()
        for task in reading:
            task.cancel()
    for viewer in viewers:
        viewer.socket.transport.abort()


async def read_all(viewer: PtydTerminal) -> None:
    with contextlib.suppress(OutputEnded):
        while True:
            await viewer.receive()


if __name__ == "__main__":
    uvloop.run(watch(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
