"""PTYs: reading, writing, waiting for who holds the log."""
