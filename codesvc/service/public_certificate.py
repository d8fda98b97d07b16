"""Watches the certificate of the public address: the only incident that keeps everybody away without a trace here."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, nullcontext
from typing import TYPE_CHECKING, Final

import structlog

from codesvc.domain.certificate import CertificateState
from codesvc.domain.clock import unix_ms
from codesvc.domain.health import ComponentHealth
from codesvc.domain.service_address import ServiceAddress
from codesvc.runtime import metrics
from codesvc.runtime.peer_certificate import CertificateProbe
from codesvc.runtime.tasks import beside

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from codesvc.domain.certificate import Certificate

_log = structlog.get_logger(__name__)
_FIRST_SECONDS: Final = 2.0
"""Service and proxy are often started together."""
_GOOD_SECONDS: Final = 300.0
_BAD_SECONDS: Final = 30.0


class PublicCertificate:
    """Looks at the certificate of the public address.

    Args:
        public_url: the public address, with https.

    Attributes:
        seen: what the latest look has seen; None before the first one, and where nobody answers from here.
    """

    def __init__(self, public_url: str) -> None:
        self._address = ServiceAddress(public_url)
        self._probe = CertificateProbe()
        self._said = CertificateState.OK
        self.seen: Certificate | None = None

    @property
    def state(self) -> CertificateState | None:
        """What is wrong now; None as long as nothing was seen."""
        return None if self.seen is None else self.seen.state(unix_ms())

    @property
    def conditions(self) -> list[ComponentHealth]:
        """The component of the certificate on /readyz; none as long as nothing was seen."""
        now = unix_ms()
        return [] if self.seen is None else [ComponentHealth("certificate", self.seen.state(now), self.seen.means(now))]

    async def run(self) -> None:
        """Look every five minutes, and every half minute while something is wrong or nobody answers."""
        pause = _FIRST_SECONDS
        while True:
            await asyncio.sleep(pause)
            await self.look()
            pause = _GOOD_SECONDS if self.state in {CertificateState.OK, CertificateState.ENDING} else _BAD_SECONDS

    async def look(self) -> None:
        """Look once, and say in log and metrics what was seen."""
        self.seen = await self._probe.look(self._address.host, self._address.port)
        state = self.state
        for each in CertificateState:
            metrics.CERTIFICATE.labels(each).set(each == state)
        if self.seen is not None and self.seen.ends:
            metrics.CERTIFICATE_ENDS.set(self.seen.ends / 1000)
        if self.seen is not None and state is not None and state != self._said:
            self._said = state
            if state is CertificateState.OK:
                _log.info("public_certificate", state=state.value)
            else:
                _log.error("public_certificate", state=state.value)


@asynccontextmanager
async def watching(public_url: str) -> AsyncIterator[PublicCertificate]:
    """Look at the certificate again and again while the context is open; never if the address has none."""
    watch = PublicCertificate(public_url)
    secure = ServiceAddress(public_url).secure
    async with beside(watch.run, "public certificate") if secure else nullcontext():
        yield watch
