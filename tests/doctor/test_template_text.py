"""Templates whose text hides the code: WeChat answers `ok`, the phone shows a card without it, and `check` says so."""

from dataclasses import replace

import pytest

from codesvc.doctor import template_list
from codesvc.doctor.finding import Status
from codesvc.sandbox.account import CATEGORY_TEMPLATE_ID, DEFAULT_ACCOUNT, TemplateSpec
from codesvc.sandbox.template import lay_out
from tests.delivery.test_field_stories import newest_card

FIELDS = {"code": "{{ code }}", "purpose": "{{ purpose }}"}
HIDING = [
    ("{{code.DATA}}\n用途：{{purpose.DATA}}", "code is on a line without a label"),
    ("验证码：\n{{code.DATA}}\n用途：{{purpose.DATA}}", "code is on a line without a label"),
    ("  {{code.DATA}} 用途：{{purpose.DATA}}", "code is on a line without a label"),
    ("验证码：{{ code.DATA }}\n用途：{{purpose.DATA}}", "code has spaces inside its braces"),
    ("验证码：{{code. DATA}}\n用途：{{purpose.DATA}}", "code has spaces inside its braces"),
    ("验证码：{ {code.DATA} }\n用途：{{purpose.DATA}}", "code has spaces inside its braces"),
    ("用途：{{purpose.DATA}}", "the template has no code"),
    ("验证码：{{Code.DATA}}\n用途：{{purpose.DATA}}", "the template has no code"),
    ("您好，请在网页上输入验证码。", "the template has no code"),
]


def account(content, kind="test"):
    spec = TemplateSpec(template_id=CATEGORY_TEMPLATE_ID, title="验证码", content=content, kind=kind)
    return replace(DEFAULT_ACCOUNT, templates=(spec,))


def message(fields=FIELDS):
    return {"accounts__main__messages__code": {"template_id": CATEGORY_TEMPLATE_ID, "fields": fields}}


@pytest.mark.parametrize(("content", "reason"), HIDING)
async def test_a_text_that_hides_the_code_fails_the_check(admit, content, reason):
    async with admit(account=account(content), **message()) as ward:
        owner = await ward.world.bound("alice")
        await ward.world.start("alice")
        card = await newest_card(owner)
        assert not any(word.isdigit() and len(word) == 6 for word in card["content"].replace("：", " ").split())
        found = (await ward.examine()).of("messages.code: template")
        assert found.status is Status.FAIL
        assert "would not show the code" in found.found
        assert reason in found.found
        assert max(map(len, (found.what, found.found, found.remedy))) < 200


@pytest.mark.parametrize(
    "content",
    [
        "验证码：{{code.DATA}}\n用途：{{purpose.DATA}}",
        "{{first.DATA}}\n您的验证码 {{code.DATA}}\n{{remark.DATA}}",
        "{{code.DATA}}\n验证码：{{code.DATA}}",
    ],
)
async def test_a_text_that_shows_it_does_not(admit, content):
    async with admit(account=account(content), **message()) as ward:
        owner = await ward.world.bound("alice")
        await ward.world.start("alice")
        card = await newest_card(owner)
        assert any(word.isdigit() and len(word) == 6 for word in card["content"].replace("：", " ").split())
        assert (await ward.examine()).of("messages.code: template").status is not Status.FAIL


async def test_behind_the_link_the_text_may_lack_the_code(admit):
    purposes = {"register": {"reveal": "tap"}, "reset": {"reveal": "tap"}}
    tables = {"sites__shop__purposes": purposes, "sites__cafe__purposes": purposes}
    async with admit(account=account(HIDING[0][0]), **message(), **tables) as ward:
        assert (await ward.examine()).of("messages.code: template").status is Status.WARN


async def test_other_lines_that_are_hidden_are_a_warning(admit):
    text = "验证码：{{code.DATA}}\n{{purpose.DATA}}"
    async with admit(account=account(text), **message()) as ward:
        found = (await ward.examine()).of("messages.code: template")
        assert found.status is Status.WARN
        assert "purpose is on a line without a label" in found.found


@pytest.mark.parametrize("kind", ["test"])
@pytest.mark.parametrize(("content", "_"), HIDING)
def test_the_sandbox_hides_what_the_check_names(kind, content, _):
    spec = TemplateSpec(template_id="t" * 43, title="t", content=content, kind=kind)
    shown = lay_out(spec, {"code": {"value": "482913"}, "purpose": {"value": "注册"}})
    assert "482913" not in shown.text
    assert "code" in template_list.hidden_keys(content) or "code" not in template_list.keys_of(content)


async def test_a_refusal_of_the_configuration_is_a_finding_in_three_short_parts(ward):
    fields = {"first": "{{ code }}", "phrase2": "{{ purpose }}"}
    messages = {"code": replace(ward.settings.accounts["main"].messages["code"], fields=fields)}
    report = await ward.examine(ward.with_account(messages=messages))
    assert report.faulty
    failed = [finding for finding in report.findings if finding.status is Status.FAIL]
    assert any("WeChat does not show first" in finding.found for finding in failed)
    assert any("phrase2" in finding.what and 'locale "en"' in finding.found for finding in failed)
    assert all(len(part) < 200 for f in failed for part in (f.what, f.found, f.remedy))
