"""`codesvc demo --kind`: the demo with an account that has neither QR codes with parameters nor pushes."""

from __future__ import annotations

import aiohttp

from codesvc import cli
from codesvc.config.api_keys import new_key
from codesvc.demo.configuration import SITE, Addresses
from codesvc.demo.stack import running
from codesvc.demo.story import run_story
from tests.kinds import DENIED
from tests.stores import free_port

KIND = "unverified_subscription"


async def test_the_whole_story_by_keyword(tmp_path, capsys):
    addresses, key = Addresses(free_port(4)), new_key(SITE, bytes(range(32)))
    async with running(addresses, api_key=key, data_dir=tmp_path / "data", kind=KIND), aiohttp.ClientSession() as http:
        assert await run_story(addresses, key, by_keyword=True)
        assert "sends the keyword" in capsys.readouterr().out
        async with http.get(f"{addresses.website}/forgot", headers={"Accept-Language": "en"}) as page:
            assert "Send it from the WeChat account that you linked" in await page.text()
        body = {"purpose": "register", "user": "attempt-2", "client_ip": "192.0.2.7"}
        head = {"Authorization": f"Bearer {key}"}
        async with http.post(f"{addresses.service}/v1/verifications", json=body, headers=head) as answer:
            assert (await answer.json())["scan"]["picture"] == "follow"
        async with http.get(f"{addresses.sandbox}/sandbox/calls") as answer:
            called = {entry["path"] for entry in (await answer.json())["calls"]}
        assert not called & DENIED[KIND]


def test_codes_to_push_and_an_account_that_cannot_are_refused_together(capsys):
    assert cli.main(["demo", "--relay", "--kind", KIND]) == 1
    assert f"--kind {KIND} cannot push" in capsys.readouterr().err
