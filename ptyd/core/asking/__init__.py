"""What a program asks people, and people ask a program. No I/O."""
