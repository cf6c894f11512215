"""What a session's program is doing, concluded from what is seen of it. Pure: told what was seen, and the time."""

from ptyd.core.agent_state.machine import AgentState
from ptyd.core.agent_state.observation import Facts, Observation, ToolUse

__all__ = ["AgentState", "Facts", "Observation", "ToolUse"]
