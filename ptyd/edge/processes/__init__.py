"""Processes of sessions: found, measured, limited, ended."""
