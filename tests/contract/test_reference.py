"""/docs: the same document to read; nothing from elsewhere, no script."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256


async def test_the_reference_shows_every_call_and_asks_nobody_else(world, published):
    answer = await world.call("GET", "/docs", key=None)
    assert answer.status == 200
    for *_, operation in published.operations():
        assert f'id="{operation["operationId"]}"' in answer.text
    assert "<script" not in answer.text
    loaded = re.findall(r"(?:src|href)=\"(https?:)?//", answer.text)
    assert loaded == []
    ids = re.findall(r'\bid="([^"]+)"', answer.text)
    assert len(ids) == len(set(ids))
    for target in re.findall(r'href="#([^"]+)"', answer.text):
        assert target in ids
    for target in set(re.findall(r'href="(/problems/[^"]+)"', answer.text)):
        assert (await world.call("GET", target, key=None)).status == 200


async def test_the_policy_allows_its_style_and_nothing_else(world):
    answer = await world.call("GET", "/docs", key=None)
    style = re.search(r"<style>(.*?)</style>", answer.text, re.DOTALL)[1]
    policy = answer.headers["Content-Security-Policy"]
    assert f"style-src 'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'" in policy
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert "style=" not in answer.text
    assert "prefers-color-scheme: dark" in style
