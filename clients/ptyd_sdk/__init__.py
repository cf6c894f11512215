"""The ptyd SDK: sessions of a ptyd daemon from Python."""
