"""Run several sessions at once and tell which ended how, in the order in which they end."""

import asyncio

from ptyd_sdk import Session, connect

JOBS = {
    "quick": "echo quick; exit 0",
    "slow": "sleep 0.3; echo slow; exit 3",
    "stuck": "sleep 600",
}


async def report(session: Session) -> None:
    try:
        status = await session.wait_exit(timeout=5 if session.name != "stuck" else 1)
    except TimeoutError:
        status = await session.kill()
        print(f"{session.name}: took too long, ended by signal {status.signal}")
        return
    last_line = (await session.capture(-1)).rstrip().splitlines()[-1]
    print(f"{session.name}: exit code {status.code}, said {last_line!r}")


async def main() -> None:
    async with connect(start=True) as ptyd:
        sessions = [await ptyd.create(["sh", "-c", line], name=name) for name, line in JOBS.items()]
        await asyncio.gather(*(report(session) for session in sessions))


if __name__ == "__main__":
    asyncio.run(main())
