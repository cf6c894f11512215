"""``python -m bench.flooding_client PEER ADDRESS COMMAND...``: a session that floods for ever, and its client.

Says ``ready`` when the flood flows; ends with its standard input.
"""

import asyncio
import sys

import uvloop

from bench.helper_process import say_ready
from bench.peers import PEER_BY_NAME
from bench.peers.base import OutputEnded, Peer

FLOWING_BYTES = 64 * 1024


async def keep_flooding(peer: Peer, address: str, argv: list[str]) -> None:
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), ended.set)
    async with peer.opened(address, argv) as terminal, asyncio.TaskGroup() as tasks:
        await terminal.read_until(b"READY")
        await terminal.send(b"g")

        async def drain() -> None:
            count = 0
            while not ended.is_set():
                before = count
                count += len(await terminal.receive())
                if before < FLOWING_BYTES <= count:
                    say_ready()

        draining = tasks.create_task(drain())
        await ended.wait()
        draining.cancel()


if __name__ == "__main__":
    try:
        uvloop.run(keep_flooding(PEER_BY_NAME[sys.argv[1]], sys.argv[2], sys.argv[3:]))
    except OutputEnded as error:
        sys.exit(str(error))
