"""Certificates for the TCP listeners: the user's own, or one that we make and sign ourselves.

The one of ours is made once and then kept, since clients know it by its fingerprint. It needs the library
``cryptography``, which is imported only then: the standard library can use certificates and cannot make them, and an
``openssl`` program is not everywhere.
"""

import contextlib
import datetime
import hashlib
import ipaddress
import os
import secrets
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

OWN_CERTIFICATE = "self-signed.pem"
"""Key and certificate in one file, so that no crash leaves one without the other."""

VALID_DAYS = 3650
"""Whoever pins it does not look at the date, and a browser asks its user anyhow."""


class TlsError(Exception):
    """A certificate cannot be used or made; the message says why."""


@dataclass(frozen=True, slots=True)
class Tls:
    """What a listener needs. ``fingerprint``: ``sha256:`` and 64 hexadecimal digits."""

    context: ssl.SSLContext
    fingerprint: str


def load_tls(certificate: Path, key: Path) -> Tls:
    """The chain in ``certificate`` and its ``key``, PEM files.

    Raises:
        TlsError: they cannot be read or do not belong together.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    try:
        # A key with a passphrase is refused: nobody is here to be asked for it.
        context.load_cert_chain(certificate, key, password=lambda: "")
        text = certificate.read_text()
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error)
        raise TlsError(f"the certificate {certificate} with the key {key} cannot be used: {reason}") from error
    begin = text.index("-----BEGIN CERTIFICATE-----")
    leaf = text[begin : text.index("-----END CERTIFICATE-----", begin)] + "-----END CERTIFICATE-----\n"
    return Tls(context, fingerprint_of(ssl.PEM_cert_to_DER_cert(leaf)))


def fingerprint_of(certificate: bytes) -> str:
    """``certificate``: DER."""
    return f"sha256:{hashlib.sha256(certificate).hexdigest()}"


def find_own_certificate(directory: Path) -> Path:
    """The file with the certificate of ours and its key; made, 0600, where there is none.

    Raises:
        TlsError: it can be neither read nor made, or others could read it.
    """
    path = directory / OWN_CERTIFICATE
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            _make_own_certificate(path)
        status = path.stat()
    except OSError as error:
        raise TlsError(f"no certificate can be kept in {directory}: {error.strerror}") from error
    if status.st_uid != os.geteuid() or status.st_mode & 0o077:
        raise TlsError(f"{path} belongs to somebody else or is open to others: its key is no secret. Remove it")
    return path


def _make_own_certificate(path: Path) -> None:
    """In one step: of two daemons that do this at once, both use the same in the end."""
    new = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(_sign_own_certificate())
            file.flush()
            os.fsync(fd)
        with contextlib.suppress(FileExistsError):
            os.link(new, path)
    finally:
        new.unlink(missing_ok=True)


def _sign_own_certificate() -> bytes:
    """Key and certificate as PEM."""
    from cryptography import x509  # noqa: PLC0415 - takes 80 ms, once in ten years
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID  # noqa: PLC0415

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ptyd")])
    addresses = [x509.IPAddress(ipaddress.ip_address(word)) for word in ("127.0.0.1", "::1")]
    names = [x509.DNSName(word) for word in dict.fromkeys(["localhost", *_own_name()])]
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName([*names, *addresses]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return secret + certificate.public_bytes(serialization.Encoding.PEM)


def _own_name() -> list[str]:
    name = socket.gethostname().lower()
    return [name] if name and name.isascii() and " " not in name else []
