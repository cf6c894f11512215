"""Drive an interactive program: wait for its prompt, type, read the answer."""

import asyncio

from ptyd_sdk import Session, connect

PROMPT = r"ready> "


async def ask(session: Session, line: str) -> str:
    """Type a line and return what the program writes until its next prompt."""
    here = (await session.refresh()).log_head  # search only what comes after this place
    await session.send(line.encode() + b"\r")
    found = await session.wait_text(r"\n(?P<answer>(.*\n)*?)" + PROMPT, timeout=10, since=here)
    return found["answer"].strip()


async def main() -> None:
    async with connect(start=True) as ptyd:
        shell = await ptyd.create(["bash", "--norc", "--noprofile"], env={"PS1": "ready> "}, cwd="/")
        await shell.wait_text(PROMPT, timeout=10)
        print("6 * 7 =", await ask(shell, "echo $((6 * 7))"))
        print("we are in", await ask(shell, "pwd"))
        await ask(shell, "cd /tmp")
        print("now in", await ask(shell, "pwd"))
        await shell.send(b"exit 4\r")
        print("bash ended with", (await shell.wait_exit(timeout=10)).code)


if __name__ == "__main__":
    asyncio.run(main())
