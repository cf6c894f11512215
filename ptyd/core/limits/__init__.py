"""What may be used, and when it was too much. No I/O."""
