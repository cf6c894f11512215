"""The daemon: puts the parts together, starts and stops them in order. ``python -m ptyd.daemon RUNTIME_DIR``.

The keeper starts it, and starts it again when it dies.
"""

import asyncio
import faulthandler
import gc
import logging
import os
import platform
import resource
import signal
import sys
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import msgspec
import platformdirs
from ptyd_protocol.close_codes import CloseCode
from ptyd_protocol.daemon import ListenParams, ListenResult, StatusResult
from ptyd_protocol.errors import ErrorCode, Refusal
from ptyd_protocol.notify import NotifyTestResult
from ptyd_protocol.version import __version__

from ptyd import log_lines
from ptyd.agents import MANIFESTS
from ptyd.config import Config, ConfigError, find_exposed_secrets, load_config
from ptyd.conversations.kept_store import KeptStore, kept_path
from ptyd.conversations.library import Library
from ptyd.core.limits.session_limits import describe_enforcement
from ptyd.core.screen.engine import EngineMaker
from ptyd.edge import audit
from ptyd.edge.audit_log import AuditLog
from ptyd.edge.files.log_store import LogStore
from ptyd.edge.health import Health, find_disk_problem
from ptyd.edge.keeper_link import KeeperGone, KeeperLink, Kept
from ptyd.edge.loop_lag import LoopLag
from ptyd.edge.net.claude_socket import CLAUDE_PATH, ClaudeSocket
from ptyd.edge.net.door import Door
from ptyd.edge.net.front import Front
from ptyd.edge.net.guests import Guest, Guests
from ptyd.edge.net.http_app import build_http_app
from ptyd.edge.net.listeners import Listeners, url_of
from ptyd.edge.net.logins import Logins, end_expired
from ptyd.edge.net.office import Office
from ptyd.edge.net.tls import Tls, find_own_certificate, load_tls
from ptyd.edge.net.websocket import beat_sockets, make_websocket_class
from ptyd.edge.notice_sender import NoticeSender
from ptyd.edge.presence import AnotherDaemon, Presence, take_daemon_lock
from ptyd.edge.tasks import Tasks
from ptyd.engine import find_engine_maker
from ptyd.keeping import Keeping
from ptyd.manager import PtyManager
from ptyd.metrics import Metrics
from ptyd.notifier import MEMORY_NAME, Notifier
from ptyd.runs import Runs
from ptyd.services.access import AccessService
from ptyd.services.conversations import ConversationsService
from ptyd.services.table import Service

logger = logging.getLogger("ptyd.daemon")

STATIC_FOLDER = Path(__file__).parent / "static"

GOODBYE_SECONDS = 0.5
"""How long clients have to answer the close frame when the daemon ends."""

LAST_WORDS_SECONDS = 2.0
"""A keeper that is stopped takes none, and a task that does not end is not waited for. The keeper kills a daemon that
has not ended 10 s after it said that it would."""

KILL_GRACE_SECONDS = 2.0
"""Between HUP, TERM and KILL for sessions that end with the daemon."""

SWITCH_SECONDS = 0.0005
"""Python's 5 ms would be waited again and again by a loop whose system calls let go of the GIL, while the engine thread
works on a snapshot."""

BEAT_SECONDS = 5.0
"""Between two looks at ourselves, where the keeper does not name a time."""

Ending = Literal["restart", "stop", "stop and kill"]


class Daemon:
    """One run of the daemon (services/table.py's DaemonControl)."""

    def __init__(self, config: Config, runtime_dir: Path, keeper: KeeperLink, kept: Kept) -> None:
        self._config = config
        self._runtime_dir = runtime_dir
        self._keeper = keeper
        self._kept = kept
        self._started_at = time.monotonic()
        self._ending: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        self._tasks = Tasks()
        self._audit_log = _open_audit_log(config, runtime_dir)
        audit.open_audit(self._audit_log)
        socket_path = runtime_dir / "ptyd.sock"
        self._socket_path = socket_path
        self._store = LogStore(runtime_dir / "sessions", config.log_bytes)
        self._manager = PtyManager(
            config,
            keeper,
            self._store,
            runtime_dir / "sessions",
            socket_path,
            os.environ,
            self._find_engine_maker(),
            tasks=self._tasks,
        )
        self._logins = Logins(runtime_dir)
        self._runs = Runs(
            config, self._manager, self._store, runtime_dir / "runs", self._tasks, self._logins.is_good_grant
        )
        state_dir = platformdirs.user_state_path("ptyd")
        self._keeping = Keeping(self._manager, KeptStore(kept_path(state_dir, runtime_dir)), self._tasks)
        own_prices = platformdirs.user_config_path("ptyd") / "prices.toml"
        self._library = Library(own_prices, self._keeping.config_dirs)
        self._manager.prompts.count_turn = self._library.count_turn
        conversations = ConversationsService(self._manager, self._library, self._keeping)
        access = AccessService(self._manager.registry, self._logins, self._audit_log, self._find_base_url)
        self._service = Service(self._manager, self, access, self._runs, conversations, config.audit_typed_seconds)
        self._front = Front.of(config)
        self._office = Office(
            self._manager,
            self._service.answer,
            self._manager.events.unsubscribe,
            self._tasks,
            (config.hold_grace_seconds, config.hold_stall_seconds),
            Guests(config, resource.getrlimit(resource.RLIMIT_NOFILE)[0], self._front.proxies),
        )
        self._logins.on_ended = self._office.expel
        self._manager.on_removed = lambda session: self._logins.end_session(session.id)
        self._notifier = self._make_notifier()
        self._presence = Presence(runtime_dir, socket_path)
        self._has_lost_files = False
        self._listeners = Listeners(
            self._logins,
            self._front,
            self._find_tls,
            lambda door: build_http_app(
                STATIC_FOLDER, door, self._logins, self._service.answer, self, self._office.guests
            ),
            lambda door: make_websocket_class(door, self._office, {CLAUDE_PATH: self._make_claude_socket}),
            keeper.hold,
            keeper.release,
            self._office.guests,
        )

        self._health = Health(
            lambda: "the daemon ends" if self._ending.done() else "",
            lambda: "the keeper has ended" if keeper.is_gone else "",
            lambda: "" if self._listeners.infos() else "nothing is listened on",
            lambda: find_disk_problem(runtime_dir / "sessions"),
        )

    def _make_claude_socket(self, door: Door, office: Office, guest: Guest | None) -> ClaudeSocket:
        return ClaudeSocket(door, office, guest, self._runs, self._config.run_socket_seconds)

    def _find_engine_maker(self) -> EngineMaker | None:
        if self._config.engine == "none":
            return None
        maker = find_engine_maker()
        if maker is None:
            logger.warning("libghostty-vt is not to be had here: sessions run without an exact screen")
        return maker

    def _make_notifier(self) -> Notifier | None:
        if not self._config.notify.urls:
            return None
        path = self._runtime_dir / MEMORY_NAME
        notifier = Notifier(self._config.notify, path, self._tasks, NoticeSender(), self._link_to)
        self._manager.listeners.append(notifier.note)
        exposed = find_exposed_secrets(_config_path(), self._config)
        if exposed:
            logger.warning("%s", exposed)
        return notifier

    def _find_base_url(self) -> str | None:
        tcp = self._listeners.first_tcp()
        return self._front.public_url or (url_of(tcp) if tcp else None)

    def _link_to(self, session_id: str) -> str:
        return f"{self._front.public_url}/#{session_id}" if self._front.public_url else ""

    async def run(self) -> None:
        """Serve until told to end."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._end, "stop")
        loop.add_signal_handler(signal.SIGINT, self._end, "stop")
        kept_ids = {session.id for session in self._kept.sessions}
        self._tell_of_lost_sessions(kept_ids)
        self._store.remove_others(kept_ids)
        self._manager.recordings.remove_others(kept_ids)
        self._manager.activities.remove_others(kept_ids)
        self._manager.files.remove_others(kept_ids)
        self._manager.judge_engines(kept_ids, self._kept.predecessor_signal)
        self._runs.read_queue()
        for session in self._kept.sessions:
            self._manager.adopt(session)
        if self._notifier is not None:
            self._notifier.start(list(self._manager.registry))
        self._logins.keep_sessions(kept_ids)
        self._keeper.start(on_exit=self._manager.note_exit, on_gone=self._note_keeper_gone)
        self._runs.open()
        self._listeners.activated = frozenset(self._kept.activated)
        self._metrics = self._make_metrics()
        await self._listeners.resume(self._kept.held)
        await self._listeners.listen_unix(self._socket_path)
        self._presence.note_socket()
        await self._listen_as_configured()
        self._tasks.start(beat_sockets(self._office), "heartbeat")
        self._tasks.start(end_expired(self._logins), "expiry of tokens")
        self._tasks.start(self._beat(), "signs of life")
        self._tasks.start(self._note_typed(), "audit of what is typed")
        audit.note("daemon_started", pid=os.getpid(), version=__version__, restarts=self._kept.restarts)
        gc.freeze()  # the modules are here to stay: a collection that looked at them would take 17 ms
        self._keeper.tell_ready(self._config.log_format, self._config.log_level)
        logger.info("ptyd %s serves %d sessions", __version__, len(self._manager.registry))
        self._keeping.start()
        await self._finish(await self._ending)

    def _tell_of_lost_sessions(self, kept_ids: set[str]) -> None:
        """Logs that nobody holds a terminal for: their keeper was killed, and the daemon after it."""
        lost = self._store.list_ids() - kept_ids
        if lost:
            logger.error("%d sessions ended when their keeper was killed: %s", len(lost), ", ".join(sorted(lost)))

    async def _beat(self) -> None:
        """Tell the keeper that we work, which the loop does if this comes round; the engine thread is asked too."""
        while True:
            if self._kept.alive_seconds:
                self._keeper.tell_alive()
            if self._manager.engines is not None and self._manager.engines.has_hung():
                logger.critical("a screen engine does not come back: the next daemon does without it")
                os.abort()  # the session's log says which one it is (core/screen/quarantine.py)
            self._look_for_files()
            await asyncio.sleep(self._kept.alive_seconds or BEAT_SECONDS)

    def _look_for_files(self) -> None:
        """Somebody has removed the socket, a log, or all of it: make way for a daemon that begins with new ones."""
        is_intact = self._presence.is_intact() and not self._manager.has_lost_logs()
        if is_intact or self._keeper.is_gone:
            return
        if not self._presence.remake():
            logger.error("files in %s were removed, and cannot be made anew", self._runtime_dir)
            return
        logger.error("files in %s were removed: the next daemon makes them anew", self._runtime_dir)
        self._has_lost_files = True
        self._end("restart")

    def _make_metrics(self) -> Metrics:
        return Metrics(
            self._manager,
            self._office,
            self._service,
            self._runs,
            LoopLag(),
            self._audit_log,
            self._kept.restarts,
            lambda: len(self._listeners.infos()),
        )

    # --- edge/net/http_app.py's Outlook ---

    def find_problems(self) -> list[str]:
        return self._health.find_problems()

    async def render_metrics(self) -> bytes:
        return await self._metrics.render()

    # --- the life of it ---

    async def _listen_as_configured(self) -> None:
        if not self._config.listen:
            return
        host, _, port = self._config.listen.rpartition(":")
        try:
            wish = ListenParams(
                host=host.strip("[]"),
                port=int(port),
                tls=self._config.listen_tls,
                insecure=self._config.listen_insecure,
            )
            await self._listeners.listen_tcp(wish)
        except (Refusal, ValueError) as error:
            logger.error("listen = %r: %s", self._config.listen, error)

    def _find_tls(self, certificate: str, key: str) -> Tls:
        """Of these files, else of those in the configuration, else of the daemon's own making. Raises TlsError."""
        certificate, key = (certificate, key) if certificate else (self._config.tls_cert, self._config.tls_key)
        if certificate:
            return load_tls(Path(certificate), Path(key or certificate))
        own = find_own_certificate(platformdirs.user_state_path("ptyd") / "tls")
        return load_tls(own, own)

    def _end(self, ending: Ending) -> None:
        if not self._ending.done():
            self._ending.set_result(ending)

    def _note_keeper_gone(self) -> None:
        logger.error(
            "the keeper has ended: sessions go on, but none can be made, and the next end of the daemon is theirs"
        )
        self._manager.note_keeper_gone()

    async def _note_typed(self) -> None:
        while True:
            await asyncio.sleep(self._config.audit_typed_seconds)
            self._office.note_typed()

    async def _finish(self, ending: Ending) -> None:
        code, reason = (
            (CloseCode.RESTARTING, "the daemon is being replaced")
            if ending == "restart"
            else (CloseCode.GOING_AWAY, "the daemon goes down")
        )
        self._runs.close(is_dropping=False)
        self._listeners.close(for_good=ending != "restart")
        if self._has_lost_files and f"unix:{self._socket_path}" not in self._kept.activated:
            self._keeper.release(f"unix:{self._socket_path}")
        for connection in list(self._office.connections):
            connection.close(code, reason)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._office.empty.wait(), GOODBYE_SECONDS)
        if ending == "restart":
            self._keeper.tell_restarting()
        else:
            self._keeper.tell_stopping(kill=ending == "stop and kill")
        with suppress(TimeoutError):
            await asyncio.wait_for(self._keeper.flush(), LAST_WORDS_SECONDS)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._tasks.cancel_all(), LAST_WORDS_SECONDS)
        self._manager.resources.close()
        self._manager.activities.close()
        self._manager.files.close()
        self._library.close()
        if self._notifier is not None:
            self._notifier.close()
        if self._manager.engines is not None:
            self._manager.engines.close()
        audit.note("daemon_ended", pid=os.getpid(), ending=ending.replace(" ", "_"))
        if self._audit_log is not None:
            self._audit_log.close()
        if self._has_lost_files:
            self._manager.write_lost_logs()
            self._logins.write_anew()

    # --- services/table.py's DaemonControl ---

    def status(self) -> StatusResult:
        sessions = list(self._manager.registry)
        return StatusResult(
            daemon_pid=os.getpid(),
            keeper_pid=self._kept.keeper_pid,
            version=__version__,
            uptime=time.monotonic() - self._started_at,
            sessions=len(sessions),
            sessions_running=len(self._manager.registry.running()),
            max_sessions=self._config.max_sessions,
            restarts=self._kept.restarts,
            engine="none" if self._manager.engines is None else self._manager.engines.name,
            runtime_dir=str(self._runtime_dir),
            listeners=self._listeners.infos(),
            clients=[info for session in sessions for info in session.client_infos()],
            crashes=self._kept.crashes,
            recent_crashes=self._kept.recent_crashes,
            is_over_budget=self._kept.is_over_budget,
            last_crash=self._kept.last_death.describe() if self._kept.last_death else "",
            last_crash_at=self._kept.last_death.at if self._kept.last_death else 0.0,
            quarantined=[session.name for session in sessions if session.is_quarantined],
            keeper_gone=self._keeper.is_gone,
            enforcement=describe_enforcement(self._kept.means, self._kept.means_problem),
        )

    async def listen(self, params: ListenParams) -> ListenResult:
        return await self._listeners.listen_tcp(params)

    async def notify_test(self) -> NotifyTestResult:
        """Raises Refusal."""
        path = _config_path()
        if self._notifier is None:
            raise Refusal(
                ErrorCode.UNAVAILABLE,
                f"nobody is to be notified: put urls into [notify] of {path} (docs/notifications.md), and ptyd restart",
            )
        result = await self._notifier.test("ptyd can reach you", f"This is a test from {platform.node()}.")
        exposed = find_exposed_secrets(path, self._config)
        return msgspec.structs.replace(result, warnings=[exposed] if exposed else [])

    def restart(self) -> None:
        """Make way for the next daemon.

        Raises:
            Refusal: without a keeper there would be none, and the sessions would end.
        """
        if self._keeper.is_gone:
            raise Refusal(
                ErrorCode.UNAVAILABLE, "the keeper has ended, which would start the next daemon and keep the sessions"
            )
        self._end("restart")

    async def shutdown(self, kill_sessions: bool) -> int:
        """End the daemon; with ``kill_sessions`` every session and its process tree first."""
        if kill_sessions:
            self._keeping.end()
            self._runs.close(is_dropping=True)
            await self._manager.end_all_processes(KILL_GRACE_SECONDS)
            await self._manager.recordings.finish_all()
            self._end("stop and kill")
            return 0
        self._end("stop")
        return len(self._manager.registry.running())


def _config_path() -> Path:
    return platformdirs.user_config_path("ptyd") / "config.toml"


def _open_audit_log(config: Config, runtime_dir: Path) -> AuditLog | None:
    return AuditLog(runtime_dir, config.audit_bytes, config.audit_files) if config.audit_bytes else None


def _raise_file_limit() -> None:
    """A session costs some descriptors: take what the system allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _leave_no_core() -> None:
    """What everybody types and sees is in this process's memory: a crash must not write it to a file."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


async def _main(runtime_dir: Path) -> None:
    # Held until the process ends.
    take_daemon_lock(runtime_dir)
    config = load_config(_config_path(), os.environ)
    MANIFESTS.load(platformdirs.user_config_path("ptyd") / "agents")
    log_lines.set_up_logging(config.log_format, config.log_level, audit.known_of_now)
    keeper, kept = await KeeperLink.connect(runtime_dir / "keeper.sock", config.cgroups)
    await Daemon(config, runtime_dir, keeper, kept).run()


def _event_loop_runner() -> Callable[[Coroutine[Any, Any, None]], None]:
    try:
        import uvloop  # noqa: PLC0415 - not to be had everywhere
    except ImportError:
        return asyncio.run
    return uvloop.run


def main() -> None:
    """Entry point of the daemon's process."""
    log_lines.set_up_as_environment_says()
    faulthandler.enable()  # a crash in C says in daemon.log where it was
    os.umask(0o077)
    sys.setswitchinterval(SWITCH_SECONDS)
    _raise_file_limit()
    _leave_no_core()
    try:
        _event_loop_runner()(_main(Path(sys.argv[1])))
    except (ConfigError, KeeperGone, AnotherDaemon) as error:
        sys.exit(f"ptyd: {error}")


if __name__ == "__main__":
    main()
