"""Rules between the options of messages and gateways; as `codesvc.config.cross_checks`, which runs them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesvc.config.addresses import loopback, loopback_host
from codesvc.config.faults import Fault, suggestion
from codesvc.config.relay_settings import GATEWAY_TABLES
from codesvc.domain.inbound import ADAPTERS, SIGNED_BY_HOOK
from codesvc.domain.signing_secret import PREFIX, keys_of_hook

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codesvc.config.relay_settings import Gateway, Inbound
    from codesvc.config.settings import Settings, Site

_ONLY_EMAIL = frozenset({"smtp"})
_MOST_KEYS = 4  # of a source; each is tried for every call that has none
_MOST_OF_ADAPTER = 4  # sources of a site; a call names none, and each one's secrets are tried
_ONLY_SMS = frozenset({"aliyun", "tencent", "twilio"})


def relay_faults(_: Settings, site: Site) -> Iterator[Fault]:
    """A relay names gateways and a purpose of its site, and has a gateway for one kind at least."""
    relay = site.relay
    if relay is None:
        return
    for kind, wrong in (("sms", _ONLY_EMAIL), ("email", _ONLY_SMS)):
        name = getattr(relay, kind)
        if name and name not in site.gateways:
            yield Fault(("relay", kind), "is not a gateway of this site" + suggestion(name, site.gateways))
        elif name and wrong.intersection(site.gateways[name].given):
            yield Fault(("relay", kind), f"names a gateway that cannot send {'e-mail' if kind == 'email' else 'SMS'}")
    if not (relay.sms or relay.email):
        yield Fault(("relay",), "names no gateway for sms or email: people without a binding would get nothing")
    if relay.purpose and relay.purpose not in site.purposes:
        yield Fault(("relay", "purpose"), "is not a purpose of this site" + suggestion(relay.purpose, site.purposes))


def gateway_faults(settings: Settings, gateway: Gateway) -> Iterator[Fault]:
    """A gateway is of exactly one kind, and is not called in clear in live mode."""
    given = gateway.given
    if len(given) != 1:
        said = " and ".join(given) if given else "nothing"
        yield Fault((), f"must have exactly one table of {', '.join(GATEWAY_TABLES)}, not {said}")
    for name in given:
        table = getattr(gateway, name)
        option = "endpoint" if hasattr(table, "endpoint") else "url"
        url = getattr(table, option, "")
        clear = url.startswith("http://") and not getattr(table, "allow_http", False) and not loopback(url)
        if settings.mode == "live" and clear:
            yield Fault((name, option), 'must be https in mode "live": the requests contain the code and the number')
    smtp = gateway.smtp
    if smtp is not None and bool(smtp.user) is (smtp.password is None):
        yield Fault(("smtp",), "needs both user and password, or neither")
    if smtp is not None and smtp.security == "none" and settings.mode == "live" and not loopback_host(smtp.host):
        said = 'is "none", which mode "live" allows only to a mail server on this machine: the mails contain the code'
        yield Fault(("smtp", "security"), f'{said} and the address; use "starttls" or "tls"')
    elif smtp is not None and smtp.security == "none" and smtp.password is not None:
        yield Fault(("smtp", "security"), 'is "none", which would send the password unencrypted')
    if gateway.shaped and gateway.shaped.encoding == "json":
        names = gateway.shaped.fields
        for name in names:
            if any(other.startswith(f"{name}.") for other in names):
                yield Fault(
                    ("shaped", "fields"), f'has "{name}" as a value and fields below it; a name with dots is a path'
                )


def inbound_faults(site: Site, name: str, source: Inbound) -> Iterator[Fault]:
    """A source names purposes of its site and options of its adapter, and its site has a relay."""
    if site.relay is None:
        yield Fault((), f"needs [sites.{name}.relay]: without it the site accepts no messages")
    named = [(("purposes", word), purpose) for word, purpose in source.purposes.items()]
    for path, purpose in [(("purpose",), source.purpose), *named]:
        if purpose and purpose not in site.purposes:
            yield Fault(path, "is not a purpose of this site" + suggestion(purpose, site.purposes))
    if site.relay is not None and not (source.purpose or site.relay.purpose):
        yield Fault(
            ("purpose",), "is missing, and so is relay.purpose: messages with other words could not be accepted"
        )
    if sum(each.adapter == source.adapter for each in site.inbound.values()) > _MOST_OF_ADAPTER:
        yield Fault(("adapter",), f"is that of more than {_MOST_OF_ADAPTER} sources of this site")
    if source.adapter in SIGNED_BY_HOOK:
        yield from _hook_secrets(source)
    known = ADAPTERS[source.adapter]
    for option in source.options:
        if option not in known:
            said = f"is not an option of {source.adapter}; it has {', '.join(known) or 'none'}"
            yield Fault(("options", option), said + suggestion(option, known))


def _hook_secrets(source: Inbound) -> Iterator[Fault]:
    texts = [secret.reveal() for secret in source.secrets]
    if sum(len(text.split("|")) for text in texts) > _MOST_KEYS:
        yield Fault(("secrets",), f"has more than {_MOST_KEYS} secrets in all")
    for number, text in enumerate(texts):
        # A text of another form signs nothing. One that is cut or joined wrongly is meant to sign.
        if (PREFIX in text or "|" in text) and None in keys_of_hook(text):
            said = "must be v1,whsec_ followed by 24 to 64 random bytes in base64; separate several with |"
            yield Fault(("secrets", number), f"{said}; copy the one that {source.adapter} shows")
