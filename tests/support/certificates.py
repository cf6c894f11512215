"""Certificates for tests, and how to look at those of others."""

import datetime
import hashlib
import ipaddress
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class TestCertificate:
    """Paths of PEM files; clients that take ``certificate`` for a CA's accept it."""

    __test__ = False

    certificate: Path
    key: Path
    fingerprint: str


def make_certificate(directory: Path, name: str = "box", host: str = "localhost") -> TestCertificate:
    """Signed by itself, good for ``host`` and 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName(host), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    made = TestCertificate(
        directory / f"{name}.pem",
        directory / f"{name}.key",
        f"sha256:{hashlib.sha256(certificate.public_bytes(serialization.Encoding.DER)).hexdigest()}",
    )
    made.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    made.key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return made


def trusting_anybody() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def look_at_fingerprint(host: str, port: int) -> str:
    """Of the certificate that is shown there. Raises OSError where nobody speaks TLS."""
    with (
        socket.create_connection((host, port), timeout=30) as plain,
        trusting_anybody().wrap_socket(plain) as secure,
    ):
        return f"sha256:{hashlib.sha256(secure.getpeercert(binary_form=True) or b'').hexdigest()}"
