"""terminado as its documentation serves it, on a Unix socket, with the command taken from the URL.

Run by path with terminado on PYTHONPATH: ``terminado_server.py SOCKET_PATH``. Ends with its standard input.
"""

import asyncio
import logging
import sys
from typing import Any

import tornado.httpserver
import tornado.netutil
import tornado.web
from terminado.management import UniqueTermManager
from terminado.websocket import TermSocket


class Terminal(TermSocket):
    """A terminal of its own for each connection, which ends with it."""

    def check_origin(self, origin: str) -> bool:
        return True

    def open(self, url_component: Any = None) -> None:
        argv: Any = self.get_arguments("argv")  # declared as a string, but used and documented as a list
        self.term_manager.shell_command = argv
        super().open(url_component)


async def serve(path: str) -> None:
    manager = UniqueTermManager(shell_command=["true"])
    server = tornado.httpserver.HTTPServer(tornado.web.Application([(r"/ws", Terminal, {"term_manager": manager})]))
    server.add_socket(tornado.netutil.bind_unix_socket(path))
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), ended.set)
    print("ready", flush=True)
    await ended.wait()
    await manager.kill_all()


if __name__ == "__main__":
    # It goes on writing to clients that have left in the middle of a flood, and tells each time.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    asyncio.run(serve(sys.argv[1]))
