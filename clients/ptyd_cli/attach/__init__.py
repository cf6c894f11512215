"""Showing a session in the terminal that the user sits at (the *outer* terminal), and leaving that terminal
as it was."""
