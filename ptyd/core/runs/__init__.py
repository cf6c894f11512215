"""Structured runs. No I/O."""
