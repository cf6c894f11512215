"""A program that floods and takes down its keys at once: ``python flooding_recorder.py FOLDER``.

From the first key on it writes numbered lines without end, and appends each byte that it reads to FOLDER/keys. After a
"!" it writes some more lines, "END", and then to FOLDER/report how many bytes it has written and their digest.
"""

import hashlib
import json
import os
import sys
import threading
import tty
from pathlib import Path

LINES_AT_ONCE = 100
LAST_LINES = 300
READY = b"ready\r\n"
WORDS = ("plain", "naïve", "世界", "Zürich", "wörds")


def make_lines(first: int) -> bytes:
    lines = [
        f"\x1b[3{number % 7 + 1}m{number}\x1b[0m {WORDS[number % len(WORDS)]} {number * number}\r\n"
        for number in range(first, first + LINES_AT_ONCE)
    ]
    return "".join(lines).encode()


class Recorder(threading.Thread):
    def __init__(self, path: Path) -> None:
        super().__init__(daemon=True)
        self.path = path
        self.stopped = threading.Event()

    def run(self) -> None:
        with self.path.open("ab", buffering=0) as keys:
            while data := os.read(0, 4096):
                keys.write(data)
                if b"!" in data:
                    self.stopped.set()


def main() -> None:
    folder = Path(sys.argv[1])
    tty.setraw(0)
    os.write(1, READY)
    os.read(0, 1)
    digest, written, number = hashlib.sha256(READY), len(READY), 0
    recorder = Recorder(folder / "keys")
    recorder.start()
    last = False
    while not last or number % LAST_LINES:
        last = last or (recorder.stopped.is_set() and number % LAST_LINES == 0)
        data = make_lines(number)
        number += LINES_AT_ONCE
        digest.update(data)
        written += len(data)
        while data:
            data = data[os.write(1, data) :]
    os.write(1, b"END")
    digest.update(b"END")
    report = {"written": written + 3, "digest": digest.hexdigest()}
    (folder / "report.new").write_text(json.dumps(report))
    (folder / "report.new").rename(folder / "report")
    recorder.join()


if __name__ == "__main__":
    main()
