"""Kinds of programs and what is known of them."""

from ptyd.agents.base import Agent, Answer, Approver, AskedFor, Observer, Prompter
from ptyd.agents.claude import ClaudeAgent
from ptyd.agents.claude_run import ClaudeRunAgent
from ptyd.agents.command import MANIFESTS, CommandAgent

AGENTS: dict[str, Agent] = {agent.kind: agent for agent in (CommandAgent(), ClaudeAgent(), ClaudeRunAgent())}
"""Every kind by its word."""

__all__ = ["AGENTS", "MANIFESTS", "Agent", "Answer", "Approver", "AskedFor", "Observer", "Prompter"]
