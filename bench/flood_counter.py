"""``python -m bench.flood_counter PEER ADDRESS COMMAND...``: one of several clients that flood at the same time.

Says ``ready`` when its session waits for the key that starts the flood. Then it is told ``BEGIN END`` (seconds of the
machine's monotonic clock), starts the flood at once, and says how many bytes came from BEGIN until END.
"""

import asyncio
import sys
import time

import uvloop

from bench.helper_process import say_ready
from bench.peers import PEER_BY_NAME
from bench.peers.base import OutputEnded, Peer, Terminal


async def count_flood(peer: Peer, address: str, argv: list[str]) -> None:
    async with peer.opened(address, argv) as terminal:
        await terminal.read_until(b"READY")
        say_ready()
        begin, end = map(float, (await asyncio.to_thread(sys.stdin.readline)).split())
        await terminal.send(b"g")
        print(await count_bytes(terminal, begin, end), flush=True)


async def count_bytes(terminal: Terminal, begin: float, end: float) -> int:
    count = 0
    try:
        async with asyncio.timeout(end - time.monotonic()):  # a starved one would wait for ever
            while True:
                data = await terminal.receive()
                if time.monotonic() >= begin:
                    count += len(data)
    except TimeoutError:
        return count


if __name__ == "__main__":
    try:
        uvloop.run(count_flood(PEER_BY_NAME[sys.argv[1]], sys.argv[2], sys.argv[3:]))
    except OutputEnded as error:
        sys.exit(str(error))
