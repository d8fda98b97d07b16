"""The account over which a walk goes, and who walks: an operator with their phone, or a person of the sandbox."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from codesvc.sandbox.account import Mode
from codesvc.sandbox.rights import AccountKind


@dataclass(frozen=True, kw_only=True)
class Target:
    """An account.

    Attributes:
        kind: what the account may do, as far as the operator knows.
        token, aes_key, mode: of its callback.
        api_url: such as https://api.weixin.qq.com.
        open_url: such as https://open.weixin.qq.com.
        return_url: where web authorisation leads back to, on the account's web authorisation domain; "" for none.
        template_id: the id of the template message to the operator; "" for the first template of the account.
        options: further arguments of each request, such as an outbound proxy.
    """

    appid: str
    secret: str
    token: str
    aes_key: str
    mode: Mode
    kind: AccountKind
    api_url: str
    open_url: str
    return_url: str = ""
    template_id: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)

    def secrets(self) -> tuple[str, ...]:
        """The texts that must be in no transcript."""
        return self.appid, self.secret, self.token, self.aes_key, self.template_id, self.return_url


class Walker(Protocol):
    """Decides and acts in a walk: a person, or a program in their place."""

    async def agree(self, step: str, words: str) -> bool:
        """Whether to take a step; `words` say what it does."""
        ...

    async def scan(self, url: str) -> None:
        """Scan the QR code that says `url`, and follow the account if need be; returns at once."""
        ...

    async def send(self, text: str) -> None:
        """Send a message to the account; returns at once."""
        ...

    async def open(self, url: str) -> None:
        """Open a link in WeChat, and allow what it asks; returns at once."""
        ...

    async def confirm(self, words: str) -> bool:
        """Whether the person saw something on the phone."""
        ...


class Stopped(Exception):
    """The walker ends the walk; what was recorded so far is kept."""
