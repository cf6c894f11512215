"""The mixed load of ``make soak``, shortly: nothing lost, nobody let in, nothing grown."""

from bench import soak


def test_mixed_load() -> None:
    assert soak.main(["--seconds", "10", "--sessions", "20", "--clients", "8"]) == 0
