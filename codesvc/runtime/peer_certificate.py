"""Looks at the TLS certificate that answers at an address, by a handshake; nothing is sent after it."""

import asyncio
import ssl
from contextlib import suppress
from datetime import datetime
from typing import Final

from codesvc.domain.certificate import Certificate, CertificateState

_SECONDS: Final = 5.0
_BY_NAME: Final = frozenset({62, 64})
"""X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH of OpenSSL."""


class CertificateProbe:
    """Looks at certificates as a client of this machine does: with its authorities and its clock."""

    def __init__(self) -> None:
        self._strict: ssl.SSLContext | None = None

    async def look(self, host: str, port: int) -> Certificate | None:
        """The certificate that answers; None if nobody answers from here, which says nothing about it.

        Many networks do not lead from a machine to its own public address.
        """
        if self._strict is None:
            # Reading all authorities takes tens of milliseconds.
            self._strict = await asyncio.to_thread(ssl.create_default_context)
        try:
            return _read(host, await _shake_hands(host, port, self._strict), None)
        except ssl.SSLCertVerificationError as error:
            code = error.verify_code
        except ssl.SSLError:
            return Certificate(host, 0, 0, CertificateState.NONE)
        except (OSError, TimeoutError, ValueError):
            return None
        lenient = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        lenient.check_hostname, lenient.verify_mode = False, ssl.CERT_NONE
        try:
            octets = await _shake_hands(host, port, lenient)
        except (OSError, TimeoutError):
            return None
        # An expired certificate is read as UNTRUSTED too. `Certificate.state` looks at its times first and then says
        # EXPIRED. If its times are right, another certificate of the chain is at fault.
        return _read(host, octets, CertificateState.NAME if code in _BY_NAME else CertificateState.UNTRUSTED)


async def _shake_hands(host: str, port: int, context: ssl.SSLContext) -> bytes:
    """The certificate in DER.

    Raises:
        OSError: no connection, or no handshake (`ssl.SSLError` is one).
        TimeoutError: not within 5 seconds.
    """
    async with asyncio.timeout(_SECONDS):
        _, writer = await asyncio.open_connection(host, port, ssl=context, server_hostname=host)
    try:
        return bytes(writer.get_extra_info("ssl_object").getpeercert(binary_form=True) or b"")
    finally:
        writer.close()
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(_SECONDS):
                await writer.wait_closed()


def _read(host: str, octets: bytes, fault: CertificateState | None) -> Certificate:
    # 10 ms, and only with https.
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.x509 import InvalidVersion, load_der_x509_certificate  # noqa: PLC0415

    try:
        read = load_der_x509_certificate(octets)
        return Certificate(host, _ms(read.not_valid_before_utc), _ms(read.not_valid_after_utc), fault)
    except (ValueError, InvalidVersion, UnsupportedAlgorithm):
        return Certificate(host, 0, 0, CertificateState.NONE)


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
