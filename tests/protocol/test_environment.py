"""What a session inherits of its creator's environment."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ptyd_protocol.environment import inherited_environment, is_inherited

INHERITED = ["PATH", "HOME", "SHELL", "LANG", "LC_ALL", "LC_TIME", "TZ", "EDITOR", "SSH_AUTH_SOCK", "DISPLAY"]
INHERITED += ["XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "NO_COLOR", "https_proxy", "HTTP_PROXY", "GIT_AUTHOR_NAME"]
NEVER = ["CLAUDECODE", "CLAUDE_CODE_CHILD_SESSION", "CLAUDE_CODE_ENTRYPOINT", "CLAUDE_PID", "AI_AGENT"]
NEVER += ["TMUX", "TMUX_PANE", "ZELLIJ", "ZELLIJ_SESSION_NAME", "STY", "PTYD", "PTYD_SESSION", "PTYD_DIR"]
NEVER += ["XDG_SESSION_ID", "XDG_SEAT", "AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "TERM", "SOMETHING", "path"]


@pytest.mark.parametrize("name", INHERITED)
def test_of_the_user(name: str) -> None:
    assert is_inherited(name)
    assert is_inherited(name, "claude")


@pytest.mark.parametrize("name", NEVER)
def test_never(name: str) -> None:
    assert not is_inherited(name)
    assert not is_inherited(name, "claude")


@pytest.mark.parametrize("name", ["ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "CLAUDE_CONFIG_DIR"])
def test_only_for_claude(name: str) -> None:
    assert is_inherited(name, "claude")
    assert not is_inherited(name)
    assert not is_inherited(name, "some newer kind")


@given(st.dictionaries(st.one_of(st.text(), st.sampled_from(INHERITED + NEVER)), st.text()))
def test_values_are_untouched_and_nothing_is_added(environment: dict[str, str]) -> None:
    inherited = inherited_environment(environment)
    assert inherited.items() <= environment.items()
    assert not set(inherited) & set(NEVER)
