"""Run in a network of its own: this machine has public addresses, and services at them that only itself reaches.

`python -m tests.attacks.own_addresses` prints what is called an own address, and what became of each attempt.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import trustme

from codesvc.config import Secret
from codesvc.config.relay_settings import SmtpGateway
from codesvc.config.settings import Webhook
from codesvc.delivery.gateways.smtp import Smtp
from codesvc.delivery.webhooks.sender import Sender
from codesvc.domain.recipient import email
from codesvc.runtime.own_addresses import is_own
from codesvc.runtime.public_sockets import public_session
from codesvc.runtime.site_names import SiteNames
from tests.attacks.own_network import ip, listening_at, other_machine
from tests.relay.test_gateways import handover
from tests.webhooks.receiver import SECRET, receiving
from tests.webhooks.test_webhook_addresses import BODY, Fickle

OWN = ("93.184.216.50", "93.184.216.51", "93.184.217.50", "2606:2800:220::50", "2606:2800:220::51")
"""The second of each is another one of the same network. The last of IPv6 is deprecated."""
ROUTED = "93.184.218.7"
"""Of a network whose whole is led to this machine (`ip route add local`)."""
CONTAINING_OWN = (f"::ffff:{OWN[0]}", "64:ff9b::5db8:d832", "2002:5db8:d832::1")
OTHERS = ("93.184.216.60", "8.8.8.8", "2606:2800:220::60", "2001:4860::8", "::ffff:8.8.8.8", "64:ff9b::808:808")
WEBSITE, PORT, MAIL_PORT, HTTPS = "www.example.com", 9100, 25, 443


def said():
    """Of which addresses it is said that they are own ones."""
    return [each for each in (*OWN, ROUTED, *CONTAINING_OWN, *OTHERS) if is_own(each)]


def let_bind_anywhere(family):
    Path(f"/proc/sys/net/{family}/ip_nonlocal_bind").write_text("1", encoding="ascii")


async def sent(url, *addresses, allow_private=False):
    """The result of an event for this URL, whose name leads to these addresses."""
    sender = Sender(timeout=3, resolver=Fickle(addresses) if addresses else None)
    async with sender.open():
        webhook = Webhook(url=url, secrets=(Secret(SECRET),), allow_private=allow_private)
        return (await sender.send(webhook, "wh_1", BODY)).result.value


async def mailed(host):
    mail = SmtpGateway(host=host, port=MAIL_PORT, sender="a@b.example", security="none")
    return (await Smtp(mail, SiteNames()).hand(handover(recipient=email("alice@example.com")))).reason


async def asked(url):
    """What becomes of a request for `forward_to` or a token server."""
    async with public_session() as http:
        try:
            async with http.get(url) as response:
                return response.status
        except aiohttp.ClientConnectorError as error:
            return type(error.os_error).__name__


def certified(name):
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    # aiohttp makes its own context when it is imported.
    aiohttp.connector._SSL_CONTEXT_VERIFIED = trusting
    return context


async def main() -> None:
    ip("route", "add", "local", f"{ROUTED}/24".replace(".7/", ".0/"), "dev", "lo")
    own = [f"{each}/{64 if ':' in each else 24}" for each in OWN]
    with other_machine("93.184.216.60/24", "2606:2800:220::60/64", own=own) as other:
        ip("address", "change", own[-1], "dev", "near", "preferred_lft", "0")
        found = {"own": said()}
        for setting in ("ipv4", "ipv6"):
            let_bind_anywhere(setting)
        found["own, nonlocal bind"] = said()
        async with AsyncExitStack() as stack:
            inner = await stack.enter_async_context(receiving("0.0.0.0", PORT))
            website = await stack.enter_async_context(receiving("0.0.0.0", HTTPS, tls=certified(WEBSITE)))
            outside = await stack.enter_async_context(receiving(listening=listening_at(other, PORT)))
            found["http"] = [await sent(f"http://{each}:{PORT}/hook") for each in (*OWN[:3], ROUTED)]
            found["allowed"] = await sent(f"http://{OWN[1]}:{PORT}/hook", allow_private=True)
            found["both"] = await sent(f"http://two.example:{PORT}/hook", OWN[0], "93.184.216.60")
            found["website"] = await sent(f"https://{WEBSITE}/hook", OWN[0])
            found["other name"] = await sent("https://other.example/hook", OWN[0])
            found["other port"] = await sent(f"https://{WEBSITE}:{PORT}/hook", OWN[0])
            found["http at the website's port"] = await sent(f"http://{WEBSITE}:{HTTPS}/hook", OWN[0])
            found["mail"] = [await mailed(OWN[0]), await mailed("93.184.216.60")]
            found["asked"] = [await asked(f"https://{OWN[0]}:{PORT}/"), await asked("https://93.184.216.60/")]
            found["called"] = [len(each.got) for each in (inner, website, outside)]
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    asyncio.run(main())
