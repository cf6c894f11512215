"""The distribution, built from a copy of the checkout, opened and installed."""

import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from ptyd_protocol.version import __version__

from tests.support.checkout import copy_checkout, run_command

pytestmark = pytest.mark.timeout(600)  # npm and pip fetch packages where their caches are cold


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the sdist of the checkout and the wheel that was built from that sdist."""
    place = tmp_path_factory.mktemp("dist")
    checkout = copy_checkout(place / "checkout")
    run_command(sys.executable, "-m", "build", "--outdir", str(place), cwd=checkout)
    return place


@pytest.fixture(scope="module")
def wheel_names(dist: Path) -> list[str]:
    with zipfile.ZipFile(find_one(dist, "*.whl")) as wheel:
        return wheel.namelist()


def test_the_wheel_holds_the_four_packages_and_nothing_beside_them(wheel_names: list[str]) -> None:
    tops = {name.split("/")[0] for name in wheel_names}
    assert tops == {"ptyd", "ptyd_protocol", "ptyd_sdk", "ptyd_cli", f"ptyd-{__version__}.dist-info"}
    assert {"ptyd/daemon.py", "ptyd_protocol/py.typed", "ptyd_sdk/__init__.py"} <= set(wheel_names)


def test_the_wheel_holds_the_built_web_client(wheel_names: list[str]) -> None:
    assert "ptyd/static/index.html" in wheel_names
    assert any(name.startswith("ptyd/static/assets/") and name.endswith(".js") for name in wheel_names)


def test_the_wheel_holds_the_prices(wheel_names: list[str]) -> None:
    assert "ptyd/conversations/prices.toml" in wheel_names


def test_the_sdist_holds_the_sources_of_the_web_client_and_its_build(dist: Path) -> None:
    with tarfile.open(find_one(dist, "*.tar.gz")) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    wanted = {
        "clients/web/package-lock.json",
        "ptyd/static/index.html",
        "tools/build_web.py",
        "protocol/PROTOCOL.md",
    }
    assert wanted <= names
    assert not any("node_modules" in name for name in names)


def test_the_installed_wheel_runs(dist: Path, tmp_path: Path) -> None:
    run_command(sys.executable, "-m", "venv", "venv", cwd=tmp_path)
    binaries = tmp_path / "venv" / "bin"
    run_command(str(binaries / "pip"), "install", "--quiet", str(find_one(dist, "*.whl")), cwd=tmp_path)
    assert __version__ in run_command(str(binaries / "ptyd"), "--version", cwd=tmp_path)
    program = "import ptyd.daemon, ptyd_sdk; print(ptyd.daemon.__file__)"
    assert str(tmp_path) in run_command(str(binaries / "python"), "-c", program, cwd=tmp_path)


def find_one(folder: Path, pattern: str) -> Path:
    (found,) = folder.glob(pattern)
    return found
