"""``python -m bench.attaching_client SOCKET SESSION SCROLLBACK``: attaches, waits for the screen and leaves, for ever.

Says ``ready`` when the first screen has come; ends with its standard input.
"""

import asyncio
import sys

import uvloop
from ptyd_protocol.messages import Live, Snapshot
from ptyd_sdk import Session, connect

from bench.helper_process import say_ready

PAUSE_SECONDS = 0.05
"""Snapshots are to take a part of the time, not all of it."""


async def attach_again_and_again(address: str, session_id: str, scrollback: int) -> None:
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), ended.set)
    is_first = True
    async with connect(address) as ptyd:
        session = await ptyd.get(session_id)
        while not ended.is_set():
            await wait_for_screen(session, scrollback)
            if is_first:
                say_ready()
                is_first = False
            await asyncio.sleep(PAUSE_SECONDS)


async def wait_for_screen(session: Session, scrollback: int) -> None:
    async with session.attach("observe", lossless=False, scrollback=scrollback) as attachment:
        async for event in attachment.events():
            if isinstance(event, Snapshot | Live):
                return


if __name__ == "__main__":
    uvloop.run(attach_again_and_again(f"unix://{sys.argv[1]}", sys.argv[2], int(sys.argv[3])))
