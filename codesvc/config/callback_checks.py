"""Rules for the callback's mode and its secrets; as `codesvc.config.cross_checks`, which runs them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codesvc.config.example_values import is_published
from codesvc.config.faults import Fault
from codesvc.config.master_key import weakness

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codesvc.config.account_settings import Account
    from codesvc.config.settings import Settings
    from codesvc.domain.secret import Secret

_SHORTEST_TOKEN: Final = 16
_CONSOLE: Final = "make another in WeChat's console, under 基本配置, and enter it in both places"


def plaintext(settings: Settings, account: Account) -> Iterator[Fault]:
    """Plaintext in live mode without a yes to it. Its signature does not cover the body (DESIGN rule 9)."""
    if settings.mode == "live" and account.callback == "plaintext" and not account.allow_plaintext:
        yield Fault(
            ("callback",),
            'is "plaintext", which anyone who has seen one callback can forge; use "safe", or opt in '
            "with allow_plaintext = true",
        )


def aes_key(_: Settings, account: Account) -> Iterator[Fault]:
    """No EncodingAESKey where callbacks are encrypted."""
    if account.callback != "plaintext" and account.aes_key is None:
        yield Fault(("aes_key",), f'is missing; callback = "{account.callback}" needs WeChat\'s EncodingAESKey')


def old_aes_key(_: Settings, account: Account) -> Iterator[Fault]:
    """A previous EncodingAESKey that is the present one."""
    if account.previous_aes_key is not None and account.previous_aes_key == account.aes_key:
        yield Fault(("previous_aes_key",), "is the same as aes_key")


def old_token(_: Settings, account: Account) -> Iterator[Fault]:
    """A previous token that is the present one."""
    if account.previous_token == account.token:
        yield Fault(("previous_token",), "is the same as token")


def guessable(settings: Settings, account: Account) -> Iterator[Fault]:
    """Whoever has an account's callback secrets makes callbacks that are believed; in plaintext, the token does."""
    if settings.mode != "live":
        return
    for option in ("token", "previous_token", "aes_key", "previous_aes_key"):
        secret: Secret | None = getattr(account, option)
        if secret is None:
            continue
        text = secret.reveal()
        if is_published(text):
            yield Fault((option,), f"is the sandbox's, which everybody can read; {_CONSOLE}")
        elif "aes_key" in option and (weak := weakness(text)):
            yield Fault((option,), f"{weak}; {_CONSOLE}")
        elif option == "token" and account.callback == "plaintext" and len(text) < _SHORTEST_TOKEN:
            yield Fault(
                (option,), f"can be found out from one callback; {_CONSOLE} of {_SHORTEST_TOKEN} or more characters"
            )
