"""`admin.listen` while another user of the operator's computer listens at the port's other loopback address.

Chromium looks names below `localhost` up at [::1] before 127.0.0.1, and any user may listen where nobody does.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from urllib.parse import urlsplit

import pytest

from tests.browser.test_browser_access import chinese_faults
from tests.other_user import listening_at_the_other
from tests.raw_server import raw_server
from tests.service.test_admin import ADMIN, PASSWORD
from tests.stores import free_port

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


def passed_on(path, pieces, **where):
    """Connections go to a unix socket, as those of `ssh -L` do; what browsers send is kept in `pieces`."""

    async def copy(source, target):
        with suppress(ConnectionError):
            while piece := await source.read(65_536):
                pieces.append(piece)
                target.write(piece)
        target.close()

    async def serve(reader, writer):
        far, to_far = await asyncio.open_unix_connection(path)
        try:
            await asyncio.gather(copy(reader, to_far), copy(far, writer))
        finally:
            to_far.transport.abort()

    return raw_server(serve, **where)


async def signed_in(page, address):
    await page.goto(f"{address}/admin/login")
    await page.fill("#name", "lan")
    await page.fill("#password", PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/admin")


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost"])
async def test_a_browser_is_led_to_a_name_whose_addresses_are_both_the_services(chromium, new_world, host):
    port = free_port()
    async with new_world(admin=ADMIN | {"listen": f"127.0.0.1:{port}"}), await chromium.new_context() as context:
        with pytest.raises(OSError, match="in use"):
            listening_at_the_other(port)
        page = await context.new_page()
        await signed_in(page, f"http://{host}:{port}")
        assert urlsplit(page.url).netloc == f"codesvc.localhost:{port}"


async def test_nobody_is_led_from_a_tunnel_to_a_name_whose_addresses_may_be_anothers(chromium, new_world, tmp_path):
    path, seen, stolen = tmp_path / "admin.sock", [], []
    async with (
        new_world(admin=ADMIN | {"listen": f"unix:{path}"}),
        passed_on(path, seen) as port,
        await chromium.new_context(locale="zh-CN") as context,
    ):
        listening_at_the_other(port).close()
        async with passed_on(path, stolen, host="::1", port=port):
            page = await context.new_page()
            await page.goto(f"http://127.0.0.1:{port}/admin/login")
            assert await chinese_faults(page) == []
            await signed_in(page, f"http://127.0.0.1:{port}")
            assert any(b"codesvc_admin=" in each for each in seen)
            assert stolen == []
