"""What Claude Code keeps of its conversations: transcripts read, summed up, searched, written out; and which sessions
are to come back."""
