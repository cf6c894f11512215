"""Who looks at a session, and what each is sent next. No I/O."""
