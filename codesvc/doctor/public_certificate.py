"""The certificate of the public address, as this machine sees it."""

from typing import Final

from codesvc.doctor.finding import Finding, fail, ok, skipped, warn
from codesvc.domain.certificate import MEANS, REMEDIES, CertificateState
from codesvc.domain.clock import unix_ms
from codesvc.domain.service_address import ServiceAddress
from codesvc.runtime.peer_certificate import CertificateProbe

_WHAT: Final = "service.public_url: certificate"


async def findings(public_url: str) -> list[Finding]:
    """The state of the public address's certificate by a handshake; nothing for an address without https."""
    address, now = ServiceAddress(public_url), unix_ms()
    if not address.secure:
        return []
    seen = await CertificateProbe().look(address.host, address.port)
    if seen is None:
        remedy = "If this network cannot reach its own public address, check from outside; see also the callback below."
        return [skipped(_WHAT, f"{address.host} cannot be reached from this machine", remedy)]
    state = seen.state(now)
    if state is CertificateState.OK:
        return [ok(_WHAT, seen.said(now))]
    say = warn if state is CertificateState.ENDING else fail
    return [say(_WHAT, f"{seen.said(now)} {MEANS[state]}", REMEDIES[state])]
