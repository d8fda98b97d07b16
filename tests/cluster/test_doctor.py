"""`codesvc check` on a cluster and on Sentinels: what is missing for a fail-over is said, and no password is."""

from __future__ import annotations

import signal

import pytest

from codesvc.config import parse
from codesvc.doctor import store_probe
from codesvc.doctor.finding import Status
from tests import stores
from tests.world import document


async def examined(url, directory):
    tables = document("http://127.0.0.1:1", "http://127.0.0.1:2", store__url=url, store__timeout=1)
    settings = parse(tables, env={}, directory=directory)
    async with store_probe.reached(settings.store) as place:
        return {finding.what: finding for finding in await store_probe.findings(place, settings)}


async def test_a_cluster_without_replicas_and_without_a_file(nodes, tmp_path):
    found = await examined(nodes.url, tmp_path)
    assert found["store: version"].status is Status.OK
    assert found["store: cluster"].status is Status.WARN
    for node in nodes.primaries:
        assert str(node.port) in found["store: cluster"].found
    assert found["store: persistence"].status is Status.FAIL


@pytest.mark.thorough
async def test_a_cluster_that_is_down(tmp_path):
    with stores.cluster(node_timeout=1000) as broken:
        broken.primaries[0].kill()
        await stores.until(lambda: broken.primaries[1].client.cluster("info")["cluster_state"] == "fail")
        found = await examined(broken.url, tmp_path)
    assert Status.FAIL in {finding.status for finding in found.values()}


async def test_sentinels(tmp_path):
    with stores.sentinels(copies=1) as watched:
        url = watched.url.replace("://", "://:a-password-of-nobody@")
        for server in watched.servers:
            server.client.config_set("requirepass", "a-password-of-nobody")
            server.client.config_set("masterauth", "a-password-of-nobody")
        found = await examined(url, tmp_path)
        assert found["store: Sentinels"].status is Status.OK, found["store: Sentinels"]
        assert found["store: replicas"].status is Status.WARN
        assert "min-replicas-to-write" in found["store: replicas"].remedy
        assert "a-password-of-nobody" not in repr(found)
        watched.sentinels[1].process.send_signal(signal.SIGKILL)
        found = await examined(url, tmp_path)
        assert found["store: Sentinels"].status is Status.WARN
        assert "2 of 3" in found["store: Sentinels"].found
