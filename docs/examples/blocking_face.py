"""The same without async: ``ptyd_sdk.blocking`` has the same names."""

from ptyd_sdk.blocking import connect


def main() -> None:
    with connect(start=True) as ptyd:
        session = ptyd.create(["cat"], name="echo", cols=100, rows=30)
        with session.attach() as term:
            term.write(b"typed once\r")
            output = b""
            for chunk in term:
                output += chunk
                if output.count(b"typed once") == 2:  # echoed by the terminal, answered by cat
                    term.write(b"\x04")  # Ctrl-D: end of input
        print(output.split(b"\r\n")[:2])
        print("cat ended with", session.wait_exit(timeout=10).code)


if __name__ == "__main__":
    main()
