"""Finds out which kind of account it is, from what WeChat lets it do (KINDS.md sections 2 and 3).

Every kind gets access tokens, so the kind shows only at real calls: errcode 48001 means that the right is missing.
Three calls tell the kinds apart: minting a QR code, reading the list of followers, and reading the menu. A test
account answers like a verified service account.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codesvc.doctor.finding import Finding, fail, ok, skipped, warn
from codesvc.domain.account_kinds import RIGHT_NAMES, AccountKind, Right
from codesvc.domain.scene import new_scene
from codesvc.wechat.errcode_advice import remedy_for
from codesvc.wechat.errors import NO_RIGHT, WeChatError, WeChatFault

if TYPE_CHECKING:
    from collections.abc import Awaitable, Collection

    from codesvc.sites.directory import AccountEntry
    from codesvc.wechat.client import WeChatClient

_QR_SECONDS: Final = 60
_LIKE_EACH_OTHER: Final = frozenset({AccountKind.VERIFIED_SERVICE, AccountKind.TEST})
_BRINGS: Final = (
    (
        AccountKind.VERIFIED_SUBSCRIPTION,
        "customer-service messages for two days after a person has written, and one-time subscription messages",
    ),
    (
        AccountKind.VERIFIED_SERVICE,
        "QR codes to scan for a code, template messages that push it, and confirmation on a page in WeChat",
    ),
)


async def check(account: AccountEntry, client: WeChatClient) -> list[Finding]:
    """Compare `kind` with what WeChat allows, and say whether QR codes are minted where they should be.

    A QR code is really minted; this uses 1 of the day's quota, and the code expires after a minute.
    """
    what, minting = f"accounts.{account.name}: kind", f"accounts.{account.name}: QR codes"
    refused: WeChatFault | None = None
    seconds = 0
    try:
        seconds = (await client.create_qrcode(scene=new_scene(), expire_seconds=_QR_SECONDS)).expire_seconds
    except WeChatFault as fault:
        refused = fault
    findings = []
    try:
        findings.append(judge(what, account.config.kind, await _found(client, refused)))
    except WeChatFault as fault:
        findings.append(skipped(what, f"unknown: {fault}", "Run the check again."))
    if not account.config.may(Right.QR_CODES):
        return findings
    if refused is not None:
        return [*findings, fail(minting, f"WeChat does not create any: {refused}", remedy_for(refused))]
    return [*findings, ok(minting, f"one was created, valid for {seconds} s (it used 1 of today's quota)")]


async def _found(client: WeChatClient, refused: WeChatFault | None) -> Collection[AccountKind]:
    """The kinds that WeChat's answers fit; `refused` is what became of the QR code.

    Raises:
        WeChatFault: an answer says nothing about the right.
    """
    if refused is None:
        return _LIKE_EACH_OTHER
    if not isinstance(refused, WeChatError):
        raise refused
    if refused.errcode != NO_RIGHT:
        return _LIKE_EACH_OTHER
    if await _allows(client.call("GET", "/cgi-bin/user/get")):
        return {AccountKind.VERIFIED_SUBSCRIPTION}
    if await _allows(client.call("GET", "/cgi-bin/menu/get")):
        return {AccountKind.UNVERIFIED_SERVICE}
    return {AccountKind.UNVERIFIED_SUBSCRIPTION}


async def _allows(call: Awaitable[object]) -> bool:
    """Whether the account has the right to a call: it answers, or with any other errcode than 48001."""
    try:
        await call
    except WeChatError as error:
        return error.errcode != NO_RIGHT
    return True


def judge(what: str, configured: str, found: Collection[AccountKind]) -> Finding:
    """Whether the configured kind is among those that WeChat's answers fit."""
    kind = AccountKind(configured)
    likely = AccountKind.VERIFIED_SERVICE if AccountKind.VERIFIED_SERVICE in found else next(iter(found))
    if kind in found:
        return ok(what, f"{kind.described}, confirmed by WeChat's answers; {_outlook(kind)}")
    missing = [right for right in Right if right in kind.rights and right not in likely.rights]
    spare = [right for right in Right if right in likely.rights and right not in kind.rights]
    found_text = f'configured as "{kind.value}", but WeChat answers as it does for {likely.described}'
    remedy = f'Set accounts.*.kind = "{likely.value}"'
    if AccountKind.TEST in found:
        remedy += f' (or "{AccountKind.TEST.value}" for a 测试号)'
    if missing:
        lacks = ", ".join(RIGHT_NAMES[right] for right in missing)
        return fail(
            what,
            f"{found_text}: the token works, but calls fail with errcode {NO_RIGHT}. It lacks {lacks}",
            f"{remedy}, or have the account verified (微信认证); see docs/account-kinds.",
        )
    gains = f". That kind also has {', '.join(RIGHT_NAMES[right] for right in spare)}" if spare else ""
    return warn(what, found_text + gains, f"{remedy}.")


def _outlook(kind: AccountKind) -> str:
    """What a higher kind would bring; what an account of this kind does is in docs/account-kinds."""
    higher = [f"{other.described} would bring {what}" for other, what in _BRINGS if other.rights > kind.rights]
    return "; ".join(higher) or "no other kind can do more"
