"""When the user is told that a session needs attention, and how often that is tried. No I/O; the time is passed in."""
