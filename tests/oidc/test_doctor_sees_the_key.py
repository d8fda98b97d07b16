"""`codesvc check` says whether people are still the same to apps."""

from __future__ import annotations

from codesvc.config import parse
from codesvc.doctor import binding_state, settings_checks
from codesvc.doctor.store_probe import ReachableStore
from codesvc.web.context import SERVICES
from tests.oidc.parties import SUBJECT_KEY, Browser, provider
from tests.world import document


async def test_another_subject_key_is_a_failure(new_world, tmp_path):
    async with new_world(**provider()) as world:
        await Browser(world).get("/oidc/shop/jwks.json")
        place = ReachableStore(world.app[SERVICES].store.servers, "here")
        for key, passes in ((SUBJECT_KEY, True), (SUBJECT_KEY[::-1], False)):
            tables = document(world.service, world.sandbox, **provider(oidc__subject_key=key))
            settings = parse(tables, env={}, directory=tmp_path)
            [found, *_] = await binding_state.check(settings, place)
            assert ("oidc.subject_key" in found.what) != passes
            told = [each.found for each in settings_checks.findings(settings) if each.what == "oidc.subject_key"]
            assert "NEVER change it" in told[0]
