"""Playing recordings in the terminal."""
