"""Run a command in a session and collect everything that it writes."""

import asyncio
import sys

from ptyd_sdk import connect


async def main(command: list[str]) -> int:
    async with connect(start=True) as ptyd:
        session = await ptyd.create(command)
        output = bytearray()
        async with session.attach() as term:
            async for chunk in term:  # ends with the program
                output += chunk
        status = await session.wait_exit()
    sys.stdout.write(output.decode(errors="replace"))
    print(f"{len(output)} bytes, exit code {status.code}")
    return status.code or 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:] or ["sh", "-c", "echo hello; ls -d /"])))
