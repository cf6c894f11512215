"""Sends notifications through apprise: ``python -m ptyd.edge.notice_child``, a process that does it once and ends.

The library with what it brings along takes some 45 MiB and 0.7 s of CPU, which the daemon's loop would feel, and runs
code for a hundred services. Here it costs nothing while there is nothing to send, and hurts nobody when it hangs.

On standard input: a JSON list of messages. On standard output: a line of JSON for each, when it is sent or has failed.
The URLs are secrets: they are in no argument, no environment and, as far as they can be told apart, in no answer.
"""

import json
import logging
import re
import sys
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from ipaddress import ip_address
from typing import Any, TypedDict
from urllib.parse import unquote, urlsplit

MAX_AT_ONCE = 8
MIN_SECRET_CHARS = 3
MAX_REASON_CHARS = 300


class Message(TypedDict):
    number: int
    url: str
    title: str
    body: str
    type: str
    """As apprise calls it: info, success, warning, failure."""


class Outcome(TypedDict):
    number: int
    service: str
    """What apprise calls it: "Slack"."""
    reason: str
    """Why it failed; empty: it was sent."""
    may_retry: bool


class OwnRecords(logging.Handler):
    """Keeps what was logged in each thread: the library says so why it failed, and returns nothing but False."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self._own = threading.local()

    def begin(self) -> list[str]:
        """What is logged in this thread from now on."""
        lines: list[str] = []
        self._own.lines = lines
        return lines

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if record.levelno >= logging.WARNING or "xception" in text:
            getattr(self._own, "lines", []).append(text)


def main() -> None:
    messages: list[Message] = json.load(sys.stdin)
    records = OwnRecords()
    logger = logging.getLogger("apprise")
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    logger.addHandler(records)
    import apprise  # noqa: PLC0415 - what it logs while it is imported is not for us

    # By our name, and without icons that others would have to fetch.
    asset = apprise.AppriseAsset(app_id="ptyd", app_desc="ptyd", image_url_mask=None, image_url_logo=None)
    with ThreadPoolExecutor(MAX_AT_ONCE) as pool:
        sent = []
        for message in messages:  # not in the threads: they would load the library's plugins side by side
            plugin, why_not = instantiate(apprise.Apprise, asset, records, message["url"])
            if plugin is None:
                tell(message, urlsplit(message["url"]).scheme, why_not, may_retry=False)
            else:
                sent.append(pool.submit(send, plugin, records, message))
        wait(sent)


def instantiate(library: Any, asset: Any, records: OwnRecords, url: str) -> tuple[Any, str]:
    """What sends to ``url``; or None, and why there is nothing."""
    kept = records.begin()
    try:
        plugin = library.instantiate(url, asset=asset)
    except Exception as error:
        plugin = None
        kept.append(f"{type(error).__name__}: {error}")
    return plugin, "" if plugin is not None else f"apprise cannot use it: {explain(kept, url)}"


def send(plugin: Any, records: OwnRecords, message: Message) -> None:
    kept = records.begin()
    try:
        # Some services take no empty body.
        is_sent = plugin.notify(body=message["body"] or " ", title=message["title"], notify_type=message["type"])
    except Exception as error:  # whatever a service's plugin does, the others are to be served
        is_sent = False
        kept.append(f"{type(error).__name__}: {error}")
    tell(message, str(plugin.service_name), "" if is_sent else explain(kept, message["url"]))


def tell(message: Message, service: str, reason: str, *, may_retry: bool = True) -> None:
    outcome: Outcome = {"number": message["number"], "service": service, "reason": reason, "may_retry": may_retry}
    sys.stdout.write(f"{json.dumps(outcome)}\n")  # in one piece: threads may tell at once
    sys.stdout.flush()


def explain(lines: list[str], url: str) -> str:
    """Why it failed, without what of ``url`` may be a secret."""
    parts = []
    for line in lines:
        cause = re.search(r"Caused by (.*)", line)
        text = cause.group(1) if cause else line
        innermost = re.search(r"(\[Errno -?\d+\][^'\")]*|\[SSL[^)'\"]*|timed out)", text)
        parts.append(innermost.group(1).strip() if innermost else text)
    return redact(" ".join(parts) or "it did not say why", url)[:MAX_REASON_CHARS]


def redact(text: str, url: str) -> str:
    """Replaces each part of ``url`` but for its scheme and what looks like a host's name: where the host stands, many
    services have a token."""
    scheme, _, rest = url.partition("://")
    parts = re.split(r"[:/@?&=,+#\s]+", rest)
    secrets = {form for part in parts for form in (part, unquote(part)) if not _is_plain(form)}
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "…")
    return text.replace(f"{scheme}://…/…", f"{scheme}://…")


def _is_plain(part: str) -> bool:
    """Nobody's secret: a host's name or address, a word that says nothing, a port."""
    if len(part) < MIN_SECRET_CHARS or part == "localhost" or (part.isdigit() and len(part) <= len("65535")):
        return True
    try:
        ip_address(part.strip("[]"))
    except ValueError:
        return bool(re.fullmatch(r"([a-z0-9-]{1,63}\.)+[a-z]{2,24}", part))
    return True


if __name__ == "__main__":
    main()
