"""Follow what happens to the daemon's sessions. Events go on over reconnections and restarts of the daemon."""

import asyncio

from ptyd_sdk import connect


async def main() -> None:
    async with connect(start=True) as ptyd:
        events = ptyd.events()  # everything from here on
        session = await ptyd.create(["sh", "-c", "read line; exit 2"], name="example")
        await session.rename("renamed")
        await ptyd.restart()
        await session.send(b"\r")
        async for event in events:
            if event.session != session.id or event.info is None or event.kind in ("updated", "activity"):
                continue
            print(f"{event.kind}: {event.info.name} is {event.info.state}")
            if event.kind == "exited":
                break


if __name__ == "__main__":
    asyncio.run(main())
