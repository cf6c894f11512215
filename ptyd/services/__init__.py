"""What clients may ask for: the requests by what they are about, and the table of them all."""
