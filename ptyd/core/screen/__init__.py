"""What a terminal engine has to do, and what is read out of output without one. No I/O."""
