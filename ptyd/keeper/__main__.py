"""``python -m ptyd.keeper RUNTIME_DIR``: everything in its order, from the lock to the last child."""

import contextlib
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

from ptyd.keeper.keeper import Keeper
from ptyd.keeper.lock import take_lock
from ptyd.keeper.logs import open_log
from ptyd.keeper.loop import Loop
from ptyd.keeper.options import Options, parse_options
from ptyd.keeper.presence import KEEPER_LOG_NAME, LOCK_NAME, Presence
from ptyd.keeper.process import (
    become_subreaper,
    close_inherited_fds,
    detach_from_terminal,
    ignore_hangups,
    raise_fd_limit,
    redirect_stdio,
)
from ptyd.keeper.runtime_dir import RuntimeDirError, prepare_runtime_dir
from ptyd.keeper.service_manager import ServiceManager
from ptyd.keeper.supervisor import StartResult
from ptyd.log_lines import set_up_as_environment_says

DAEMON_LOG_NAME: Final = "daemon.log"

TellStarter: TypeAlias = Callable[[str], None]

logger = logging.getLogger(__name__)


def main() -> int:
    """The exit status: 0, also if another keeper runs already; 1: nothing could be started."""
    options = parse_options(sys.argv[1:])
    manager = ServiceManager(os.environ)
    tell_starter = make_teller(options.ready_fd)
    try:
        runtime_dir = prepare_runtime_dir(options.runtime_dir)
        lock_fd = take_lock(runtime_dir / LOCK_NAME)
        if lock_fd is None:
            tell_starter("running")
            return 0
        close_inherited_fds(keep=(lock_fd, options.ready_fd, *manager.listen_fds))
        prepare_process(options, runtime_dir)
        presence = Presence(runtime_dir, lock_fd, has_log=not options.foreground)
        return run_keeper(options, runtime_dir, presence, manager, tell_starter)
    except (RuntimeDirError, OSError) as error:
        logger.error("the keeper cannot start: %s", error)
        tell_starter(f"ptyd cannot start: {error}")
        return 1


def make_teller(ready_fd: int | None) -> TellStarter:
    """What says one line to whoever started the keeper, and closes; further lines are dropped."""
    pending = [] if ready_fd is None else [ready_fd]
    if ready_fd is not None:
        os.set_inheritable(ready_fd, False)

    def tell(text: str) -> None:
        if not pending:
            return
        fd = pending.pop()
        # A starter that has not waited for the answer is not our concern.
        with contextlib.suppress(OSError):
            os.write(fd, (text.replace("\n", " | ") + "\n").encode())
        os.close(fd)

    return tell


def prepare_process(options: Options, runtime_dir: Path) -> None:
    """Detach, log, and stand at ``/``, so that no file system is kept from being unmounted."""
    ignore_hangups()
    if not options.foreground:
        detach_from_terminal()
        log_fd = open_log(runtime_dir / KEEPER_LOG_NAME)
        redirect_stdio(log_fd)
        os.close(log_fd)
    set_up_as_environment_says()
    # A full disk must not make a log line into an exception.
    logging.raiseExceptions = False
    os.chdir("/")
    become_subreaper()


def run_keeper(
    options: Options, runtime_dir: Path, presence: Presence, manager: ServiceManager, tell_starter: TellStarter
) -> int:
    def tell_result(result: StartResult) -> None:
        tell_starter("ready" if result.is_ok else result.message)

    nofile_soft = raise_fd_limit()
    listener = presence.listen()
    logger.info("keeper %d serves %s", os.getpid(), runtime_dir)
    try:
        log_path = runtime_dir / DAEMON_LOG_NAME
        keeper = Keeper(
            Loop(),
            presence,
            manager,
            listener,
            options.daemon_command,
            log_path,
            nofile_soft,
            options.crash_budget,
            options.watchdog_seconds,
        )
        return keeper.run(tell_result)
    finally:
        presence.remove_socket()
        logger.info("keeper %d ends", os.getpid())


if __name__ == "__main__":
    sys.exit(main())
