"""Examples of all messages, parameters and results, from PROTOCOL.md: what the test vectors are made of."""
