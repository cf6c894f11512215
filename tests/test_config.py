"""The daemon's options: one declaration, from file and environment."""

from pathlib import Path

import msgspec
import pytest
from ptyd_protocol.session_limits import SessionLimits

from ptyd.config import KIB, MIB, Config, ConfigError, find_exposed_secrets, load_config


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def test_defaults(path: Path) -> None:
    assert load_config(path, {}) == Config()
    assert Config().max_sessions == 512


def test_file(path: Path) -> None:
    path.write_text('[daemon]\nmax_sessions = 7\nlisten = "127.0.0.1:0"\nallowed_hosts = ["box:80"]\n[web]\nfont = 3\n')
    assert load_config(path, {}) == Config(max_sessions=7, listen="127.0.0.1:0", allowed_hosts=["box:80"])


def test_environment_wins(path: Path) -> None:
    path.write_text("[daemon]\nmax_sessions = 7\nlog_bytes = 1048576\n")
    environ = {"PTYD_MAX_SESSIONS": "9", "PTYD_HOLD_GRACE_SECONDS": "0.5", "PTYD_ALLOWED_HOSTS": "a:1, b:2"}
    config = load_config(path, environ)
    assert config == Config(max_sessions=9, log_bytes=MIB, hold_grace_seconds=0.5, allowed_hosts=["a:1", "b:2"])


def test_other_variables_are_nothing_to_it(path: Path) -> None:
    assert load_config(path, {"PTYD_DIR": "/x", "PTYD_SESSION": "y", "MAX_SESSIONS": "1"}) == Config()


def test_an_empty_list_is_empty(path: Path) -> None:
    """A Host that is not there must not be on the list of those allowed."""
    config = load_config(path, {"PTYD_ALLOWED_HOSTS": "", "PTYD_PASS_ENVIRONMENT": ","})
    assert (config.allowed_hosts, config.pass_environment) == ([], [])


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[daemon", "config.toml"),
        ("[daemon]\nmax_session = 7\n", "max_session"),
        ("[daemon]\nmax_sessions = 0\n", "max_sessions"),
        ('[daemon]\nmax_sessions = "many"\n', "max_sessions"),
        ("daemon = 3\n", "daemon"),
        (f"[daemon]\nlog_bytes = {MIB + 1}\n", "log_bytes"),
        (f"[daemon]\nlog_bytes = {256 * KIB}\n", "log_bytes"),
        ("[daemon]\nhold_grace_seconds = nan\n", "hold_grace_seconds"),
        ("[daemon]\nhold_stall_seconds = inf\n", "hold_stall_seconds"),
    ],
)
def test_what_cannot_be_used(path: Path, text: str, complaint: str) -> None:
    path.write_text(text)
    with pytest.raises(ConfigError, match=complaint):
        load_config(path, {})


def test_no_text(path: Path) -> None:
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=r"config\.toml"):
        load_config(path, {})


@pytest.mark.parametrize("value", ["", "-1", "a", "1e9", "nan"])
def test_environment_that_cannot_be_used(path: Path, value: str) -> None:
    with pytest.raises(ConfigError, match="max_sessions"):
        load_config(path, {"PTYD_MAX_SESSIONS": value})


def test_every_option_is_explained() -> None:
    """Help and documentation are made from the declaration."""
    schema = msgspec.json.schema(Config)["$defs"]["Config"]["properties"]
    assert set(schema) == set(Config.__struct_fields__)
    assert [name for name, option in schema.items() if not option.get("description")] == []


def test_what_sessions_may_use(path: Path) -> None:
    path.write_text('[limits]\nmemory_bytes = "2G"\nprocesses = 64\nlifetime_seconds = 90\n[caps]\ncpus = 2\n')
    config = load_config(path, {"PTYD_LIMIT_PROCESSES": "32", "PTYD_CAP_MEMORY_BYTES": "4G", "PTYD_LIMITS": "x"})
    assert config.limits == SessionLimits(memory_bytes=2048 * MIB, processes=32, lifetime_seconds=90.0)
    assert config.caps == SessionLimits(memory_bytes=4096 * MIB, cpus=2.0)


def test_log_and_scrollback_are_options_of_the_daemon(path: Path) -> None:
    config = load_config(path, {"PTYD_LOG_BYTES": str(MIB), "PTYD_SCROLLBACK_LINES": "5"})
    assert config.session_defaults == SessionLimits(log_bytes=MIB, scrollback_lines=5)
    with pytest.raises(ConfigError, match=r"log_bytes is an option of \[daemon\]"):
        load_config(path, {"PTYD_LIMIT_LOG_BYTES": "1M"})


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[limits]\nmemory = 1\n", "there is no limit memory; there are memory_bytes"),
        ('[limits]\nmemory_bytes = "much"\n', "'much' is no value; 512M would be one"),
        ("[limits]\nmemory_bytes = 5\n", "is not between 16 MiB"),
        ("limits = 3\n", r"\[limits\]"),
        ("[daemon]\nlimits = 3\n", "no option limits"),
    ],
)
def test_limits_that_cannot_be_used(path: Path, text: str, complaint: str) -> None:
    path.write_text(text)
    with pytest.raises(ConfigError, match=complaint):
        load_config(path, {})


def test_notify(path: Path) -> None:
    path.write_text('[notify]\nurls = ["ntfys://ntfy.sh/s3cret"]\nquiet_hours = "22:00-07:30"\nchanges = ["waiting"]\n')
    options = load_config(path, {"PTYD_NOTIFY": "x", "PTYD_URLS": "y"}).notify
    assert (options.urls, options.quiet_hours, options.changes) == (
        ["ntfys://ntfy.sh/s3cret"],
        "22:00-07:30",
        ("waiting",),
    )
    assert "s3cret" not in repr(load_config(path, {}))


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("quiet = 1", "no option quiet"),
        ('quiet_hours = "22-7"', "quiet_hours"),
        ('quiet_hours = "22:00-24:00"', "quiet_hours"),
        ('changes = ["sneezing"]', "changes"),
        ("finished_after_seconds = -1", "finished_after_seconds"),
        ('urls = ["s3cret"]', "urls"),
        ('urls = "ntfy://s3cret"', "urls"),
    ],
)
def test_notify_that_makes_no_sense(path: Path, line: str, complaint: str) -> None:
    """The complaint shows no secret."""
    path.write_text(f"[notify]\n{line}\n")
    with pytest.raises(ConfigError, match=complaint) as error:
        load_config(path, {})
    assert "s3cret" not in str(error.value)


def test_secrets_that_others_can_read(path: Path) -> None:
    path.write_text('[notify]\nurls = ["ntfys://ntfy.sh/s3cret"]\n')
    config = load_config(path, {})
    for mode, is_exposed in ((0o600, False), (0o400, False), (0o640, True), (0o604, True), (0o644, True)):
        path.chmod(mode)
        assert (f"chmod 600 {path}" in find_exposed_secrets(path, config)) == is_exposed
    assert find_exposed_secrets(path, Config()) == "", "there is no secret in it"
    assert find_exposed_secrets(path.with_name("none"), config) == ""


def test_rules_for_approvals(path: Path) -> None:
    path.write_text('[[approvals.rules]]\ntool = "Bash"\npattern = "make *"\nproject = "/src"\nanswer = "allow"\n')
    (rule,) = load_config(path, {}).approval_rules
    assert (rule.tool, rule.pattern, rule.project, rule.answer) == ("Bash", "make *", "/src", "allow")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('[[approvals.rules]]\ntool = "Bash"\n', "rule 1.*answer"),
        ('[[approvals.rules]]\nanswer = "allow"\n', "rule 1.*allows everything"),
        ('[[approvals.rules]]\nanswer = "maybe"\n', "rule 1.*'maybe'"),
        ('[[approvals.rules]]\nanswer = "deny"\ncolour = 1\n', "rule 1.*colour"),
        ('[[approvals.rules]]\nanswer = "deny"\n[[approvals.rules]]\nanswer = "allow"\ntool = 1\n', "rule 2"),
        ('[approvals]\nrules = "none"\n', r"\[\[approvals.rules\]\]"),
        ("[approvals]\nrule = 1\n", "no option rule"),
    ],
)
def test_rules_that_cannot_be_used(path: Path, text: str, complaint: str) -> None:
    path.write_text(text)
    with pytest.raises(ConfigError, match=complaint):
        load_config(path, {})
