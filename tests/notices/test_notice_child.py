"""What is said of a failure: why, and none of the secrets."""

import pytest

from ptyd.edge.notice_child import explain, redact


@pytest.mark.parametrize(
    ("url", "secrets", "kept"),
    [
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXr/#general", ["T1JJ3T3L2", "A1BRTD4JD", "TIiajkdnlazkcOXr"], []),
        ("ntfys://ntfy.sh/my-topic?priority=high", ["my-topic"], ["ntfy.sh"]),
        ("ntfys://my-topic", ["my-topic"], []),
        ("mailtos://someone:pass%40word@example.com", ["someone", "pass%40word", "pass@word"], ["example.com"]),
        ("json://user:pw-1@127.0.0.1:8080/hook?+X-Key=abc-123", ["pw-1", "abc-123", "hook"], ["127.0.0.1", "8080"]),
        ("tgram://123456789:AAHdqTcvCH1vGWJxfSeof/12315544/", ["123456789", "AAHdqTcvCH1vGWJxfSeof"], []),
    ],
)
def test_redact(url: str, secrets: list[str], kept: list[str]) -> None:
    text = redact(f"failed to reach {url} with {' and '.join([*secrets, *kept])}", url)
    assert [secret for secret in secrets if secret in text] == []
    assert [word for word in kept if word not in text] == []


def test_the_cause_is_found() -> None:
    lines = [
        "A Connection error occurred sending JSON notification to 127.0.0.1.",
        "Socket Exception: HTTPConnectionPool(host='127.0.0.1', port=9): Max retries exceeded with url: /s3cret"
        " (Caused by NewConnectionError(\"HTTPConnection(host='127.0.0.1', port=9): Failed to establish a new"
        ' connection: [Errno 111] Connection refused"))',
    ]
    assert (
        explain(lines, "json://127.0.0.1:9/s3cret")
        == "A Connection error occurred sending JSON notification to 127.0.0.1. [Errno 111] Connection refused"
    )
    assert explain([], "json://127.0.0.1") == "it did not say why"
