"""Connections: sockets, HTTP, WebSockets, and who is let in."""
