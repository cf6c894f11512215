"""At adoption: which sessions are kept from the engine (core/screen/quarantine.py)."""

import logging
from collections.abc import Iterable

from ptyd.core.screen.quarantine import judge, number_engine
from ptyd.edge.files.log_store import LogStore

logger = logging.getLogger("ptyd.quarantine")


def find_quarantined(
    store: LogStore, session_ids: Iterable[str], engine_name: str, death_signal: int | None
) -> set[str]:
    """Judge by the marks in the logs' headers, and write down the new ones. Before any of the logs is used."""
    marks = {session_id: store.read_marks(session_id) for session_id in session_ids}
    judged = judge(marks, number_engine(engine_name), death_signal)
    for session_id, mark in judged.items():
        if mark == marks[session_id]:
            continue
        if mark.quarantined and not marks[session_id].quarantined:
            logger.error(
                "session %s: its output made the screen engine %s crash; it goes on without one",
                session_id,
                engine_name,
            )
        try:
            store.write_marks(session_id, mark)
        except OSError as error:
            logger.error("session %s: what its engine did cannot be noted: %s", session_id, error)
    return {session_id for session_id, mark in judged.items() if mark.quarantined}
