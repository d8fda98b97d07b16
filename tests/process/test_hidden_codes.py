"""A message that hides its code or breaks a field stops the process, a reload and the check, with what to do."""

import json
import signal

import pytest

from tests.command_line import codesvc
from tests.process.processes import KEY
from tests.process.test_reload import change, log, running, status_of

__all__ = ["log"]
MESSAGE = """
[accounts.main.messages.code]
template_id = "Vc3nQxkT5uZ0dP8sLr2yAeWmHj6bKfGt9oXiC1vR4qE"
[accounts.main.messages.code.fields]
{}
[sites.shop]"""
BAD = [
    ('first = "{{ code }}"', "WeChat does not show first"),
    ('keyword1 = "{{ site }}的{{ purpose }}验证码，请勿告诉他人：{{ code }}"', "WeChat cuts keyword1 after 20"),
    ('thing1 = "{{ site }}"', "no field prints it"),
    ('character_string1 = "{{ code }}"\nphrase2 = "{{ purpose }}"', 'not “Sign-up” with locale "en"'),
    ('character_string1 = "{{ code }}"\nletter2 = "{{ agent }}"', "is empty with user_agent missing"),
]


@pytest.mark.parametrize(("fields", "reason"), BAD)
async def test_neither_serve_nor_check_accepts_it(config, fields, reason):
    path, _ = config
    change(path, "[sites.shop]", MESSAGE.format(fields))
    status, _, said = await codesvc("serve", "--config", path)
    assert status == 2
    assert reason in said
    assert "accounts.main.messages.code" in said
    status, out, _ = await codesvc("check", "--json", "--config", path)
    assert status == 2
    failed = [finding for finding in json.loads(out)["findings"] if finding["status"] == "fail"]
    assert any(reason in finding["found"] and finding["remedy"] for finding in failed)


async def test_a_reload_keeps_what_was_in_force(config, log):
    path, base = config
    fields, reason = BAD[0]
    change(path, "[sites.shop]", MESSAGE.format('character_string1 = "{{ code }}"'))
    async with running(config, log) as process:
        change(path, 'character_string1 = "{{ code }}"', fields)
        process.send_signal(signal.SIGHUP)
        assert reason in (await log.wait("reload_refused"))["reasons"][0]
        assert await status_of(base, KEY) == 404
