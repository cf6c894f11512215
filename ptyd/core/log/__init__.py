"""What a session has written, and how far: the replay log, the ledger of input, holds, times and recordings. No I/O."""
