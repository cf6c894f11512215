"""What both ends know of a Snapshot that comes in parts."""

from ptyd_protocol.messages import Snapshot


def continues_snapshot(begun: Snapshot, message: Snapshot) -> bool:
    """Whether ``message`` is a further part of the same Snapshot."""
    return (begun.offset, begun.cols, begun.rows, begun.kind) == (
        message.offset,
        message.cols,
        message.rows,
        message.kind,
    )
