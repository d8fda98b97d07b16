"""The TLS certificate of the service's public address, and what is wrong with it. Pure.

The service does not end TLS itself. A certificate that is over keeps browsers from its pages and WeChat from its
callbacks, and nothing of it reaches the service: it has to look (`codesvc.runtime.peer_certificate`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from codesvc.domain.clock import rfc3339

_DAY: Final = 86_400_000
_NOTICE_MS: Final = 14 * _DAY
_SHARE: Final = 6
"""ACME clients renew with a third of the life left (90 days: 30; 45: 15; 6: 2). A sixth is left only if that failed."""


class CertificateState(StrEnum):
    """What is wrong with a certificate, as /readyz says it."""

    OK = "ok"
    EXPIRED = "expired"
    EARLY = "not yet valid"
    NAME = "wrong name"
    UNTRUSTED = "not trusted"
    NONE = "no certificate"
    ENDING = "ends soon"


_SHUT: Final = "Browsers do not open the pages and WeChat does not call back."
MEANS: Final = {
    CertificateState.EXPIRED: _SHUT,
    CertificateState.EARLY: _SHUT,
    CertificateState.NAME: _SHUT,
    CertificateState.UNTRUSTED: "Browsers may not open the pages, and WeChat may not call back.",
    CertificateState.NONE: _SHUT,
    CertificateState.ENDING: "It works until then.",
}
REMEDIES: Final = {
    CertificateState.EXPIRED: "Renew it at the proxy, and reload the proxy; see why it was not renewed by itself.",
    CertificateState.EARLY: "Set this machine's clock (NTP), or wait, or put the certificate before it back.",
    CertificateState.NAME: "Get one for this name at the proxy; see whether DNS leads to the right proxy.",
    CertificateState.UNTRUSTED: (
        "Let the proxy send the whole chain (fullchain.pem) of a public authority; for an authority of your own, let "
        "this machine trust it (SSL_CERT_FILE)."
    ),
    CertificateState.NONE: "See the proxy's log: it has no certificate for this name yet, or does not speak TLS there.",
    CertificateState.ENDING: "See why it is not renewed by itself, or renew it by hand, and reload the proxy.",
}


@dataclass(frozen=True, slots=True)
class Certificate:
    """The certificate that answers at the public address.

    Attributes:
        host: the host of the public address.
        begins: when it begins, ms since 1970; 0 if none was shown.
        ends: when it ends, ms since 1970; 0 if none was shown.
        fault: what a client that verifies it finds wrong, besides its time; None if nothing.
    """

    host: str
    begins: int
    ends: int
    fault: CertificateState | None = None

    def state(self, now: int) -> CertificateState:
        """What is wrong at this time, ms since 1970; time comes first, because it passes between two looks."""
        if self.fault is CertificateState.NONE:
            return self.fault
        if now >= self.ends:
            return CertificateState.EXPIRED
        if now < self.begins:
            return CertificateState.EARLY
        if self.fault is not None:
            return self.fault
        notice = min(_NOTICE_MS, (self.ends - self.begins) // _SHARE)
        return CertificateState.ENDING if self.ends - now < notice else CertificateState.OK

    def said(self, now: int) -> str:
        """The state of the certificate in words, in English."""
        match self.state(now):
            case CertificateState.EXPIRED:
                return f"The certificate of {self.host} is over since {rfc3339(self.ends)}."
            case CertificateState.EARLY:
                return f"The certificate of {self.host} begins only at {rfc3339(self.begins)}."
            case CertificateState.NAME:
                return f"What answers at {self.host} has a certificate for another name."
            case CertificateState.UNTRUSTED:
                return f"The certificate of {self.host} is of no authority that this machine knows."
            case CertificateState.NONE:
                return f"What answers at {self.host} shows no certificate."
            case CertificateState.ENDING | CertificateState.OK:
                return f"The certificate of {self.host} is good until {rfc3339(self.ends)}."

    def means(self, now: int) -> str:
        """The state of the certificate, what it means and what to do, in English."""
        state = self.state(now)
        return " ".join(each for each in (self.said(now), MEANS.get(state), REMEDIES.get(state)) if each)
