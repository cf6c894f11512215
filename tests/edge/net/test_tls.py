"""Certificates of our own and of others."""

import ssl
import stat
from pathlib import Path

import pytest

from ptyd.edge.net.tls import TlsError, find_own_certificate, fingerprint_of, load_tls
from tests.support.certificates import make_certificate


def test_own_certificate_is_made_once_and_private(tmp_path: Path) -> None:
    directory = tmp_path / "state" / "tls"
    path = find_own_certificate(directory)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    first = load_tls(path, path).fingerprint
    assert find_own_certificate(directory) == path
    assert load_tls(path, path).fingerprint == first
    assert [entry.name for entry in directory.iterdir()] == [path.name]
    pem = path.read_text()
    der = ssl.PEM_cert_to_DER_cert(pem[pem.index("-----BEGIN CERTIFICATE") :])
    assert fingerprint_of(der) == first


def test_key_that_others_can_read_is_no_secret(tmp_path: Path) -> None:
    find_own_certificate(tmp_path).chmod(0o644)
    with pytest.raises(TlsError, match="open to others"):
        find_own_certificate(tmp_path)


def test_directory_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TlsError, match="no certificate can be kept"):
        find_own_certificate(tmp_path / "file" / "tls")


def test_certificate_of_somebody(tmp_path: Path) -> None:
    made, other = make_certificate(tmp_path), make_certificate(tmp_path, "other")
    assert load_tls(made.certificate, made.key).fingerprint == made.fingerprint
    # The first of a chain is the one that is shown.
    made.certificate.write_bytes(made.certificate.read_bytes() + other.certificate.read_bytes())
    assert load_tls(made.certificate, made.key).fingerprint == made.fingerprint
    for certificate, key in [
        (made.certificate, other.key),
        (tmp_path / "none", made.key),
        (made.certificate, tmp_path / "none"),
        (made.key, made.key),
    ]:
        with pytest.raises(TlsError, match="cannot be used"):
            load_tls(certificate, key)


def test_old_protocols_are_not_spoken(tmp_path: Path) -> None:
    made = make_certificate(tmp_path)
    assert load_tls(made.certificate, made.key).context.minimum_version is ssl.TLSVersion.TLSv1_2
