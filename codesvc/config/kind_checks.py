"""Rules between the kind of an account and what is configured for it. Each fault says what the kind has instead.

Like the rules of `codesvc.config.cross_checks`, each reads options that are valid on their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from codesvc.config.faults import Fault
from codesvc.config.settings import DEFAULT_CHANNELS
from codesvc.domain.account_kinds import RIGHT_NAMES, AccountKind, Right, needed_for
from codesvc.domain.channels import Channel, usable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codesvc.config.account_settings import Account
    from codesvc.config.settings import Purpose, Settings, Site

_BY_KEYWORD = "people get their code by sending the page's keyword to the account"


def _lacks(kind: AccountKind, right: Right) -> str:
    """Why something cannot be configured: what the kind lacks, and which kinds have it."""
    return f'kind = "{kind}" has no {RIGHT_NAMES[right]}; {needed_for(right)} has'


def messages(_: Settings, account: Account) -> Iterator[Fault]:
    """Messages that the account cannot send."""
    kind = AccountKind(account.kind)
    for name, message in account.messages.items():
        right = Channel(message.channel).traits.right
        if right is not None and not kind.may(right):
            yield Fault(("messages", name), f"cannot be sent: {_lacks(kind, right)}. Remove it: {_BY_KEYWORD}")


def callback(_: Settings, account: Account) -> Iterator[Fault]:
    """A code leaves in a reply only if a signature covers the openid (DESIGN rule 9), else as a customer-service text.

    An account without customer-service messages has only the reply.
    """
    kind = AccountKind(account.kind)
    if kind.may(Right.CUSTOMER_SERVICE):
        return
    lacks = _lacks(kind, Right.CUSTOMER_SERVICE)
    if account.callback == "plaintext":
        yield Fault(
            ("callback",),
            'is "plaintext": such a callback can be forged, so a reply to it carries no code, and this account has no '
            f'other way to send one: {lacks}. Choose 安全模式 in WeChat\'s console, then set callback = "safe" and '
            "aes_key",
        )
    if account.event_keys:
        yield Fault(
            ("event_keys",),
            f"would submit events that cannot be answered with a code, and this account has no other way to send one: "
            f"{lacks}. Let WeChat call this service, and set forward_to to your back end: it gets all other events",
        )


def purpose(account: Account, policy: Purpose) -> Iterator[Fault]:
    """Channels that the account cannot use, and policies that leave no way for a code."""
    kind = AccountKind(account.kind)
    # A purpose that names no channels has the very object of the default, and then nothing was asked for.
    if policy.channels is not DEFAULT_CHANNELS:
        for number, channel in enumerate(policy.channels):
            right = Channel(channel).traits.right
            if right is not None and not kind.may(right):
                yield Fault(
                    ("channels", number),
                    f'is "{channel}", which cannot be used: {_lacks(kind, right)}. Omit channels: {_BY_KEYWORD}',
                )
    if policy.reveal == "tap" and not kind.may(Right.WEB_AUTHORISATION):
        yield Fault(
            ("reveal",),
            f'is "tap", but the page behind the link cannot tell who opens it: '
            f'{_lacks(kind, Right.WEB_AUTHORISATION)}. Set reveal = "message"',
        )
    if policy.scan == "off" and policy.channels and not usable(kind, policy.channels):
        yield Fault(
            ("scan",),
            f'is "off" while kind = "{kind}" cannot push anything: no code could ever arrive. Set scan = "bound" '
            '(or "open"), which also allows the keyword',
        )


def site(settings: Settings, owner: Site) -> Iterator[Fault]:
    """The rules on a site's purposes, with paths below the site."""
    account: Any = settings.accounts.get(owner.account)
    if account is None:
        return
    for key, policy in owner.purposes.items():
        for fault in purpose(account, policy):
            yield fault.below("purposes", key)
