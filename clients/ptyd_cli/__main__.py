"""The process of the command ``ptyd``. It mostly is a short one, which spends its time on beginning and ending.

The collector of cyclic garbage would look through all modules again and again while they are imported, and find
nothing, for 8 % of the time of ``ptyd ls``. To take the interpreter down in order takes 15 % of it.
"""

import contextlib
import gc
import os
import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run ``ptyd`` with this process' arguments, and exit with its code."""
    gc.disable()  # until the verb's module is imported (ptyd_cli/main.py)
    from ptyd_cli.main import run  # noqa: PLC0415 - only now

    code = run(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
