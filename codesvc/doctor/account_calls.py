"""Checks that call WeChat with a token: templates, quotas, and WeChat's own check of the callback."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codesvc.doctor import template_list
from codesvc.doctor.finding import Finding, fail, ok, skipped, warn
from codesvc.domain.account_kinds import RIGHT_OF_QUOTA
from codesvc.domain.quota import PATHS, WARN_AT, Api
from codesvc.messages.templates import BadTemplate, Templates
from codesvc.wechat.answers import CallbackCheck, Quota, Template
from codesvc.wechat.errcode_advice import remedy_for
from codesvc.wechat.errors import WeChatFault

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator
    from pathlib import Path

    from codesvc.messages.composer import Composer
    from codesvc.sites.directory import AccountEntry
    from codesvc.wechat.client import WeChatClient

_ALL_LOST: Final = frozenset({"100%", "100.00%"})
_NAMES: Final = {Api.TEMPLATE: "template messages", Api.QRCODE: "QR codes"}


def checks(
    account: AccountEntry, client: WeChatClient, overrides: Path | None, composer: Composer | None
) -> Iterator[tuple[str, Awaitable[Finding | list[Finding]]]]:
    """Each check by its name, begun when it is reached. Quotas are read only of calls that the account may make."""
    yield "templates", check_templates(account, client, overrides, composer)
    for api, name in _NAMES.items():
        if account.config.may(RIGHT_OF_QUOTA[api]):
            yield f"quota of {name}", check_quota(account, client, api)
    yield "callback, as seen from WeChat's networks", check_callback_network(account, client)


async def check_templates(
    account: AccountEntry, client: WeChatClient, overrides: Path | None, composer: Composer | None
) -> list[Finding]:
    """Compare each configured message with the account's templates.

    Args:
        account: the account.
        client: calls WeChat.
        overrides: the directory of the configuration's own templates.
        composer: knows which fields show the code; None: the messages are faulty, which is reported elsewhere.
    """
    try:
        templates = Templates(overrides)
    except BadTemplate:
        remedy = "Fix the template that is named elsewhere in this list."
        return [skipped(f"accounts.{account.name}: templates", "the template files cannot be loaded", remedy)]
    findings = []
    listed: dict[str, tuple[Template, ...]] = {}
    for name, message in account.config.messages.items():
        what = f"accounts.{account.name}.messages.{name}: template"
        try:
            if message.channel not in listed:
                listed[message.channel] = await _listed(client, message.channel)
            keys = templates.fields(message.fields).keys()
            places = composer.code_places(account.name, name) if composer is not None else set()
            findings.append(template_list.judge(what, message, keys, listed[message.channel], places))
        except WeChatFault as fault:
            findings.append(fail(what, f"the account's list of templates cannot be read: {fault}", remedy_for(fault)))
        except BadTemplate as error:
            findings.append(fail(what, str(error), "Fix the template file."))
    return findings


async def _listed(client: WeChatClient, channel: str) -> tuple[Template, ...]:
    if channel != "subscription":
        return await client.list_templates()
    # Notices (订阅通知) have a separate list (WECHAT.md 7.2).
    answer = await client.call("GET", "/wxaapi/newtmpl/gettemplate")
    rows = [row for row in answer.get("data") or () if isinstance(row, dict)]
    return tuple(
        Template(template_id=str(row.get("priTmplId")), title=str(row.get("title")), content=str(row.get("content")))
        for row in rows
    )


async def check_quota(account: AccountEntry, client: WeChatClient, api: Api) -> Finding:
    """Check the remaining calls of the day."""
    what = f"accounts.{account.name}: quota of {_NAMES[api]}"
    try:
        quota = await client.get_quota(PATHS[api])
    except WeChatFault as fault:
        return warn(what, f"WeChat does not say: {fault}", remedy_for(fault))
    return judge_quota(what, quota)


def judge_quota(what: str, quota: Quota) -> Finding:
    """Whether the quota is zero, used up, nearly used up, or sufficient."""
    found = f"{quota.remain:,} of {quota.daily_limit:,} left today"
    if quota.daily_limit <= 0:
        return fail(
            what, "0 a day: WeChat has banned the call, or the account does not have it", "See 通知中心 in the console."
        )
    if quota.remain <= 0:
        return fail(
            what, found, "The quota resets at midnight Beijing time. Until then, codes come by scan or keyword."
        )
    if quota.remain < quota.daily_limit * (1 - WARN_AT):
        return warn(
            what,
            found,
            "See what uses it. The last part is reserved for password resets; others then come by scan or keyword.",
        )
    return ok(what, found)


async def check_callback_network(account: AccountEntry, client: WeChatClient) -> Finding:
    """Ask WeChat whether its networks reach the callback address that is entered in the console."""
    what = f"accounts.{account.name}: callback, as seen from WeChat's networks"
    try:
        seen = await client.callback_check()
    except WeChatFault as fault:
        return warn(what, f"WeChat does not say: {fault}", remedy_for(fault))
    return judge_network(what, seen)


def judge_network(what: str, seen: CallbackCheck) -> Finding:
    """Whether at least one of WeChat's networks reaches the callback's addresses."""
    addresses = ", ".join(sorted({resolved.ip for resolved in seen.dns})) or "no address"
    lost = [pinged.package_loss.strip() in _ALL_LOST for pinged in seen.ping]
    if not seen.dns:
        return fail(
            what, "the host name does not resolve", "Enter the callback in the console; check the domain's DNS."
        )
    if lost and all(lost):
        remedy = "Many hosts drop pings, so this may mean nothing. If callbacks do not arrive, check the firewall."
        return warn(what, f"{addresses}; pings get no reply", remedy)
    return ok(what, f"{addresses}; pings get a reply")
