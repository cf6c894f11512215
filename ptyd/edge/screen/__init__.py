"""Terminal engines in their thread, and what is kept of them."""
