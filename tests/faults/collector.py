"""Attaches to a session, lossless, and prints what it has got: collector.py SESSION. Ends with the session."""

import asyncio
import hashlib
import sys

from ptyd_sdk import connect


async def main(session_id: str) -> None:
    async with connect() as ptyd:
        session = await ptyd.get(session_id)
        digest, count = hashlib.sha256(), 0
        async with session.attach(role="observe") as term:
            async for chunk in term:
                if not count:
                    print("reading", flush=True)
                digest.update(chunk)
                count += len(chunk)
    print(count, digest.hexdigest(), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
