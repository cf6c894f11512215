"""A program that asks its terminal questions, and takes note of each answer.

``python asker.py FOLDER COUNT SEED XTVERSION``: it asks at least COUNT questions, and goes on until there is a file
FOLDER/stop: now one by one, now a hundred at once, now cut in two. Before most questions it changes what the answer
depends on, so that an answer too many, too few or out of order is found at once. Every 10 questions it writes their
number into FOLDER/asked, and at the end what it has to say into FOLDER/report. What is typed after that is taken down
too, up to a "!".
"""

import array
import fcntl
import json
import os
import random
import sys
import termios
import tty
from pathlib import Path

MODES = (1, 7, 25, 2004)
COLS, ROWS = 60, 16
"""Every terminal here is larger."""
BURST = 100
COLOURS = (b"0000/0000/0000", b"1c1c/1c1c/1c1c")
"""What the background may be: nobody has told, or a client has."""
FENCE = b"\x1b[5n"
CLEAR = b"\x1b[0m\x1b[=0u\x1b[?7h\x1b[?25h\x1b[?1;2004l\x1b[H\x1b[2J"


def make_question(chance: random.Random, name: bytes) -> tuple[bytes, list[bytes]]:
    """What to write, and the answers it may have, all of one length."""
    kind = chance.randrange(9)
    if kind == 0:
        return b"\x1b[c", [b"\x1b[?62;22c"]
    if kind == 1:
        place = (chance.randint(1, ROWS), chance.randint(1, COLS))
        return b"\x1b[%d;%dH\x1b[6n" % place, [b"\x1b[%d;%dR" % place]
    if kind == 2:
        end = chance.choice((b"\x07", b"\x1b\\"))
        return b"\x1b]11;?" + end, [b"\x1b]11;rgb:" + colour + end for colour in COLOURS]
    if kind == 3:
        return chance.choice((b"\x1b[>q", b"\x1b[>0q")), [b"\x1bP>|" + name + b"\x1b\\"]
    if kind == 4:
        mode, on = chance.choice(MODES), chance.random() < 0.5
        return b"\x1b[?%d%s\x1b[?%d$p" % (mode, b"h" if on else b"l", mode), [b"\x1b[?%d;%d$y" % (mode, 1 if on else 2)]
    if kind == 5:
        flags = chance.randrange(32)
        return b"\x1b[=%d;1u\x1b[?u" % flags, [b"\x1b[?%du" % flags]
    if kind == 6:
        return b"\x1b[>c", [b"\x1b[>1;10;0c"]
    if kind == 7:
        place = (chance.randint(1, ROWS), chance.randint(1, COLS))
        return b"\x1b[%d;%dH\x1b[?6n" % place, [b"\x1b[?%d;%dR" % place]
    return b"\x1b[3%dm\x1b[5n" % chance.randrange(8), [b"\x1b[0n"]


class Asker:
    def __init__(self, folder: Path, count: int, seed: int, name: bytes) -> None:
        self.folder = folder
        self.count = count
        self.name = name
        self.chance = random.Random(seed)
        self.asked = 0
        self.colours: set[bytes] = set()

    def run(self) -> dict[str, object]:
        try:
            while self.asked < self.count or not (self.folder / "stop").exists():
                self.ask(BURST if self.chance.random() < 0.02 else 1)
            write(CLEAR)
            for _ in range(3):  # nothing else has come before the last of them
                write(FENCE)
                self.expect([b"\x1b[0n"], FENCE)
        except Wrong as wrong:
            return {"asked": self.asked, "wrong": str(wrong)}
        return {"asked": self.asked, "wrong": None}

    def ask(self, count: int) -> None:
        questions = [make_question(self.chance, self.name) for _ in range(count)]
        data = b"".join(question for question, _ in questions)
        if self.chance.random() < 0.3:
            middle = self.chance.randrange(len(data))
            write(data[:middle])
            write(data[middle:])
        else:
            write(data)
        for question, answers in questions:
            self.expect(answers, question)
            self.asked += 1
            if self.asked % 10 == 0:
                (self.folder / "asked.new").write_text(str(self.asked))
                (self.folder / "asked.new").rename(self.folder / "asked")

    def expect(self, answers: list[bytes], question: bytes) -> None:
        got = b""
        while len(got) < len(answers[0]):
            got += os.read(0, len(answers[0]) - len(got))
        if got not in answers:
            os.set_blocking(0, False)
            more = os.read(0, 200) if has_more() else b""
            raise Wrong(f"question {self.asked}: {question!r} was answered {got!r} and {more!r}, not {answers[0]!r}")


class Wrong(Exception):
    pass


def has_more() -> bool:
    waiting = array.array("i", [0])
    fcntl.ioctl(0, termios.FIONREAD, waiting)
    return waiting[0] > 0


def write(data: bytes) -> None:
    while data:
        data = data[os.write(1, data) :]


def main() -> None:
    folder = Path(sys.argv[1])
    tty.setraw(0)
    asker = Asker(folder, int(sys.argv[2]), int(sys.argv[3]), sys.argv[4].encode())
    write(CLEAR)
    report = asker.run()
    write(b"all is asked")
    (folder / "report.new").write_text(json.dumps(report))
    (folder / "report.new").rename(folder / "report")
    typed = b""
    while not typed.endswith(b"!"):
        typed += os.read(0, 1)
    (folder / "typed.new").write_bytes(typed)
    (folder / "typed.new").rename(folder / "typed")
    os.read(0, 1)


if __name__ == "__main__":
    main()
