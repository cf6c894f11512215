"""Who may what, and what is noted of it. No I/O."""
