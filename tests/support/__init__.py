"""What the tests share: a private daemon, waiting without sleeping, a real terminal, the real Claude Code."""
