"""A certificate authority for WeChat's hosts, kept in a directory that the developer chooses.

It is made with trustme, which the extra `sandbox-tls` installs. The service itself contains no certificate authority.
The files are kept, so that an SDK has to be configured only once. Only the owner of the key file can read it.
"""

import ssl
from pathlib import Path

from codesvc.sandbox.hosts import HOSTS

try:
    import trustme
except ImportError as error:
    raise ImportError("TLS needs the extra: pip install 'codesvc[sandbox-tls]'") from error

_AUTHORITY = "ca.pem"
_KEY = "ca-key.pem"


class Authority:
    """The certificate authority in a directory; created on first use.

    Args:
        directory: created with mode 0700 if missing.
    """

    def __init__(self, directory: Path) -> None:
        self.certificate = directory / _AUTHORITY
        key = directory / _KEY
        if not (self.certificate.exists() and key.exists()):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            made = trustme.CA(organization_name="WeChat sandbox, for tests only")
            key.touch(mode=0o600)
            key.write_bytes(made.private_key_pem.bytes())
            self.certificate.write_bytes(made.cert_pem.bytes())
        self._authority = trustme.CA.from_pem(self.certificate.read_bytes(), key.read_bytes())

    def server_context(self) -> ssl.SSLContext:
        """A TLS context for a server with a certificate for every host of `HOSTS` and for loopback."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(*HOSTS, "localhost", "127.0.0.1").configure_cert(context)
        return context

    def client_context(self) -> ssl.SSLContext:
        """A TLS context for a client that trusts only this authority."""
        return ssl.create_default_context(cafile=str(self.certificate))
