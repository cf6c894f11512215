"""Log lines that nobody can forge: what they quote may be a stranger's text."""

import logging


class LineFormatter(logging.Formatter):
    """One record, one line: control characters in it are shown. A traceback's lines are set in below it."""

    def format(self, record: logging.LogRecord) -> str:
        first, *others = self._split(record)
        return "\n".join([show_controls(first), *(f"    {show_controls(line)}" for line in others)])

    def _split(self, record: logging.LogRecord) -> list[str]:
        record.message = record.getMessage()
        if self.usesTime():
            record.asctime = self.formatTime(record, self.datefmt)
        lines = [self.formatMessage(record).replace("\n", "\\n")]
        if record.exc_info:
            lines += self.formatException(record.exc_info).split("\n")
        if record.stack_info:
            lines += self.formatStack(record.stack_info).split("\n")
        return lines


def show_controls(text: str) -> str:
    """``text`` as it may be printed: ESC as ``\\x1b``, and so on."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def log_to_stderr(form: str) -> None:
    """Make the root logger write lines of ``form`` to standard error, from INFO on."""
    handler = logging.StreamHandler()
    handler.setFormatter(LineFormatter(form))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
