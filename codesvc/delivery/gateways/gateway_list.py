"""Makes the gateways of a site. The composition root and the courier read nothing else of this package."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesvc.delivery.gateways.aliyun import Aliyun
from codesvc.delivery.gateways.shaped import Shaped
from codesvc.delivery.gateways.signed import Signed
from codesvc.delivery.gateways.smtp import Smtp
from codesvc.delivery.gateways.tencent import Tencent
from codesvc.delivery.gateways.twilio import Twilio
from codesvc.sites.lazy import PerEntry

if TYPE_CHECKING:
    from codesvc.config.relay_settings import Gateway as GatewayConfig
    from codesvc.delivery.gateways.gateway import Gateway
    from codesvc.delivery.webhooks.guarded_sessions import GuardedSessions
    from codesvc.domain.recipient import MessageKind
    from codesvc.sites.directory import Directory, SiteEntry


def make_gateway(config: GatewayConfig, sessions: GuardedSessions) -> Gateway:
    """The gateway of these settings.

    Raises:
        LookupError: the settings have no table.
    """
    made: Gateway
    if config.signed is not None:
        made = Signed(config.signed, sessions)
    elif config.shaped is not None:
        made = Shaped(config.shaped, sessions)
    elif config.smtp is not None:
        made = Smtp(config.smtp, sessions.names)
    elif config.aliyun is not None:
        made = Aliyun(config.aliyun, sessions)
    elif config.tencent is not None:
        made = Tencent(config.tencent, sessions)
    elif config.twilio is not None:
        made = Twilio(config.twilio, sessions)
    else:
        raise LookupError("a gateway without a table")
    return made


class Gateways:
    """The gateways of all sites, each made once."""

    def __init__(self, directory: Directory, sessions: GuardedSessions) -> None:
        self._sessions = sessions
        self._made = PerEntry(directory.sites, self._of_site, lambda entry: entry.config)

    def _of_site(self, site: SiteEntry) -> dict[str, Gateway]:
        return {name: make_gateway(config, self._sessions) for name, config in site.config.gateways.items()}

    def of(self, site: SiteEntry, kind: MessageKind) -> Gateway | None:
        """The gateway of a site for messages of this kind; None if it has none."""
        relay = site.config.relay
        return self._made[site.name].get(getattr(relay, kind.value)) if relay else None
