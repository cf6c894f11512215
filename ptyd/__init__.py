"""The ptyd daemon: owns pseudo-terminals and serves them over the ptyd.v1 protocol."""
