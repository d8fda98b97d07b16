"""What the admin API is told to call: nothing that only the service reaches. The configuration file may name it."""

from __future__ import annotations

from dataclasses import replace

import aiohttp
import pytest
from aiohttp import web

from codesvc.config import ConfigError, parse
from codesvc.config.one_entry import one_account, one_site
from codesvc.runtime.public_sockets import public_session
from codesvc.service.callback_forwarding import CallbackForwarding
from codesvc.service.wechat_clients import issuer_of
from codesvc.web.context import SERVICES
from codesvc.wechat.errors import WeChatUnreachable
from codesvc.wechat.issuer import CentralIssuer
from tests.registry.test_admin_api import ACCOUNT, BAR
from tests.registry.test_registry import directory_with
from tests.world import OWN_SECRETS, document

WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
KEY = "Tq0mV7hZ2nC5yXw8LbR4sD6fJ9kG1pAeUoIzQxNvMtY3BcHj"
OURS = ACCOUNT | OWN_SECRETS
SITE = {"name": "Bar", "account": "main"}
INSIDE = [
    "http://127.0.0.1:6379", "https://localhost:9100/metrics", "https://10.0.0.5/x", "https://a.localhost/x",
    "https://169.254.169.254/latest/meta-data", "https://[::1]/x", "https://[fd00::1]/x", "https://[::ffff:a00:1]/x",
]  # fmt: skip
"""Addresses that nobody outside reaches."""
GATEWAYS = {
    "signed": {"url": "https://10.0.0.5/", "secrets": [WHSEC]},
    "shaped": {"url": "https://10.0.0.5/", "fields": {"to": "{to}"}},
    "smtp": {"host": "10.0.0.5", "sender": "a@b.example"},
    "aliyun": {"access_key_id": "LTAI", "access_key_secret": "s" * 20, "sign_name": "Bar", "template": "SMS_1"},
    "tencent": {"secret_id": "AKID", "secret_key": "s" * 20, "sdk_app_id": "1", "template": "1"},
    "twilio": {"account_sid": "AC" + "0" * 32, "auth_token": "s" * 20, "sender": "+15005550006"},
}


@pytest.fixture
def live(tmp_path):
    """Settings as of a real deployment."""
    tables = document("https://code.example.com", "https://api.weixin.qq.com", mode="live")
    tables["accounts"]["main"] |= OWN_SECRETS | {"open_url": "https://open.weixin.qq.com"}
    tables["secrets"]["master_key"] = KEY
    return parse(tables, env={}, directory=tmp_path)


@pytest.mark.parametrize("option", ["forward_to", "token_source"])
@pytest.mark.parametrize("url", INSIDE)
def test_an_account_of_the_store_names_no_private_address(live, option, url):
    with pytest.raises(ConfigError, match=rf"^{option}: must be a public address; .* only the configuration file"):
        one_account(live, "second", OURS | {option: url})
    test = replace(live, mode="test")
    assert getattr(one_account(test, "second", OURS | {option: url}), option) == url
    assert one_account(live, "second", OURS | {option: "https://chat.example.com/wechat"})


def test_a_site_of_the_store_allows_itself_nothing_private(live):
    refused = r"\.allow_private: cannot be set here; .* only the configuration file"
    webhook = {"url": "https://10.0.0.5/", "secrets": [WHSEC]}
    with pytest.raises(ConfigError, match="^webhook" + refused):
        one_site(live, "bar", SITE | {"webhook": webhook | {"allow_private": True}}, live.accounts)
    for kind, table in GATEWAYS.items():
        with pytest.raises(ConfigError, match=rf"^gateways\.own\.{kind}{refused}"):
            one_site(live, "bar", SITE | {"gateways": {"own": {kind: table | {"allow_private": True}}}}, live.accounts)
    # Without it the addresses are checked at each connection, by name or not.
    assert one_site(live, "bar", SITE | {"webhook": webhook}, live.accounts)
    test = replace(live, mode="test")
    assert one_site(test, "bar", SITE | {"webhook": webhook | {"allow_private": True}}, live.accounts)


def test_an_entry_from_before_is_named_and_the_others_work(live):
    webhook = {"url": "https://10.0.0.5/", "secrets": [WHSEC], "allow_private": True}
    directory = directory_with(
        live,
        account__second=OURS | {"forward_to": INSIDE[0]},
        account__third=OURS | {"appid": "wx" + "8" * 16},
        site__bar=BAR | {"webhook": webhook},
        site__pub=BAR,
    )
    for name in list(directory.kept.texts):
        directory.judge(name)
    assert set(directory.judgement.broken) == {"account/second", "site/bar"}
    assert "only the configuration file" in directory.judgement.broken["site/bar"]
    assert directory.accounts.get("third") is not None
    assert directory.sites.get("pub") is not None


@pytest.fixture
async def inside(aiohttp_server):
    """A service that only this machine reaches."""
    asked = []

    async def answer(request):
        asked.append(request.method)
        return web.json_response({"access_token": "a-secret-of-an-inner-service", "expires_in": 7200})

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", answer)
    server = await aiohttp_server(app)
    server.asked = asked
    return server


def named(entry, url):
    """The entry, with this address in the place of the other back end and the token server."""
    return replace(entry, config=replace(entry.config, forward_to=url, token_source=url))


async def test_what_a_name_leads_to_is_seen_at_each_connection(new_world, live, inside):
    """A name may lead to another address a moment after it was written (DNS rebinding)."""
    directory = directory_with(live, account__second=OURS)
    stored, filed = directory.accounts["second"], directory.accounts["main"]
    assert (stored.guarded, filed.guarded) == (True, False)
    url = str(inside.make_url("/x"))
    async with new_world() as world, aiohttp.ClientSession() as http, public_session() as public:
        relay = CallbackForwarding(http, public, world.app[SERVICES].store)
        assert await relay.ask(named(stored, url), "a=b", b"<xml/>", stamp="1") is None
        with pytest.raises(WeChatUnreachable, match="not public"):
            await issuer_of(named(stored, url), http, None).issue()
        assert inside.asked == []
        assert b"inner" in await relay.ask(named(filed, url), "a=b", b"<xml/>", stamp="2")
        issuer = issuer_of(named(filed, url), http, None)
        assert isinstance(issuer, CentralIssuer)
        assert (await issuer.issue()).expires_in == 7200
        assert inside.asked == ["POST", "GET"]


def test_no_account_of_a_test_deployment_is_guarded(live):
    """Its other back end is often on the same machine."""
    directory = directory_with(replace(live, mode="test"), account__second=ACCOUNT)
    assert not directory.accounts["second"].guarded
