"""What lies on the disk: logs, recordings, runs, files of sessions."""
