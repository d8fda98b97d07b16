"""The TLS certificate of the service's public address, and what is wrong with it. Pure.

The service does not end TLS itself. A certificate that is over keeps browsers from its pages and WeChat from its
callbacks, and nothing of it reaches the service: it has to look (`codesvc.runtime.peer_certificate`).
"""

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


_SHUT: Final = "Browsers refuse to open the pages, and WeChat's callbacks fail."
MEANS: Final = {
    CertificateState.EXPIRED: _SHUT,
    CertificateState.EARLY: _SHUT,
    CertificateState.NAME: _SHUT,
    CertificateState.UNTRUSTED: "Browsers may refuse to open the pages, and WeChat's callbacks may fail.",
    CertificateState.NONE: _SHUT,
    CertificateState.ENDING: "It expires soon.",
}
REMEDIES: Final = {
    CertificateState.EXPIRED: (
        "Renew it on the proxy, reload the proxy, and find out why it was not renewed automatically."
    ),
    CertificateState.EARLY: "Check this machine's clock (NTP). If it is right, wait, or restore the previous one.",
    CertificateState.NAME: "Install one for this name on the proxy, and check that DNS points to the right proxy.",
    CertificateState.UNTRUSTED: (
        "Make the proxy send the full chain (fullchain.pem) of a public authority. If the authority is your own, make "
        "this machine trust it (SSL_CERT_FILE)."
    ),
    CertificateState.NONE: (
        "See the proxy's log: it has no certificate for this name yet, or does not serve TLS on this port."
    ),
    CertificateState.ENDING: (
        "Find out why it was not renewed automatically, or renew it manually; then reload the proxy."
    ),
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
                return f"The certificate for {self.host} expired on {rfc3339(self.ends)}."
            case CertificateState.EARLY:
                return f"The certificate for {self.host} is not valid before {rfc3339(self.begins)}."
            case CertificateState.NAME:
                return f"The certificate served at {self.host} is for another name."
            case CertificateState.UNTRUSTED:
                return f"The certificate for {self.host} is not from an authority that this machine trusts."
            case CertificateState.NONE:
                return f"The server at {self.host} presents no certificate."
            case CertificateState.ENDING | CertificateState.OK:
                return f"The certificate for {self.host} is valid until {rfc3339(self.ends)}."

    def means(self, now: int) -> str:
        """The state of the certificate, what it means and what to do, in English."""
        state = self.state(now)
        return " ".join(each for each in (self.said(now), MEANS.get(state), REMEDIES.get(state)) if each)
