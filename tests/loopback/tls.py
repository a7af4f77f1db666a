"""Certificates of our own, and a server that speaks TLS with them. `cryptography` comes with keyring on Linux."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from tests.loopback.server import Handler, Server


@dataclass(frozen=True)
class Certificate:
    """Files in PEM. `key` holds the private key, with `password` if it has one."""

    certificate: Path
    key: Path
    own: Any
    secret: Any
    password: str = ""

    @property
    def fingerprint(self) -> str:
        from hashlib import sha256

        return sha256(ssl.PEM_cert_to_DER_cert(self.certificate.read_text("ascii"))).hexdigest()


def make(
    folder: Path, name: str, *, by: Certificate | None = None, host: str = "127.0.0.1", days: int = 30,
    authority: bool = False, password: str = "",
) -> Certificate:  # fmt: skip
    """A certificate for `host`, issued by `by` or by itself; `days` below 0 has expired."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    secret = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, name), x509.NameAttribute(NameOID.ORGANIZATION_NAME, name)]
    )
    end = datetime.now(UTC) + timedelta(days=days)
    try:
        other: x509.GeneralName = x509.IPAddress(ip_address(host))
    except ValueError:
        other = x509.DNSName(host)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.own.subject if by else subject)
        .public_key(secret.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(end - timedelta(days=365))
        .not_valid_after(end)
        .add_extension(x509.SubjectAlternativeName([other]), False)
        .add_extension(x509.BasicConstraints(authority, None), True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(secret.public_key()), False)
    )
    issuer = (by.secret if by else secret).public_key()
    built = built.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer), False)
    if authority:
        usage = x509.KeyUsage(*[False] * 5, True, True, False, False)
        built = built.add_extension(usage, True)
    own = built.sign(by.secret if by else secret, hashes.SHA256())
    lock: Any = serialization.BestAvailableEncryption(password.encode()) if password else serialization.NoEncryption()
    files = folder / f"{name}.pem", folder / f"{name}.key"
    files[0].write_bytes(own.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(secret.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock))
    return Certificate(*files, own, secret, password)


@asynccontextmanager
async def tls_server(
    handler: Handler, shown: Certificate, client_ca: Certificate | None = None
) -> AsyncIterator[Server]:
    """A server that shows this certificate; with `client_ca` it wants one from its clients too."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(shown.certificate, shown.key, shown.password or None)
    if client_ca is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(client_ca.certificate)
    async with Server(handler, tls=context) as server:
        yield server
