"""The settings of an Official Account, as frozen values. Durations are whole seconds.

`config.example.toml` explains every option for operators.
"""

# No `from __future__ import annotations`: the annotations are read at run time, because they contain the constraints.
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated, Literal

from codesvc.config.addresses import token_way, web_address
from codesvc.config.constraints import (
    MANY,
    Among,
    Between,
    Matching,
    account_picture,
    message_fields,
    name_for_people,
    shown,
)
from codesvc.domain.account_kinds import AccountKind, Right
from codesvc.domain.channels import TEMPLATED, Channel
from codesvc.domain.secret import Secret

MessageFields = Mapping[str, str] | str

Shown = Annotated[str, shown]
WebAddress = Annotated[str, web_address]
_AppSecret = Annotated[Secret, Matching(r"[!-~]{16,128}", "must be 16 to 128 printable characters without spaces")]
_Token = Annotated[Secret, Matching(r"[A-Za-z0-9]{3,32}", "must be 3 to 32 letters and digits")]
_AesKey = Annotated[Secret, Matching(r"[A-Za-z0-9]{43}", "must be 43 letters and digits")]
KeyHash = Annotated[str, Matching(r"sha256:[0-9a-f]{64}", "must be a line that `codesvc keys new` printed: sha256:…")]


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageTemplate:
    """A message template of the account, and the contents of its fields.

    `fields` is a file below templates/, or a table of the template's field keys with jinja2 sources.
    """

    template_id: Annotated[str, Matching(r"[A-Za-z0-9_-]{1,64}", "must be the template's id as shown by WeChat")]
    fields: Annotated[MessageFields, message_fields] = "message/code.toml"
    channel: Annotated[str, Among(TEMPLATED)] = Channel.TEMPLATE.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One WeChat Official Account. `qr_picture` is a data URL; in the file it may name a picture's file."""

    appid: Annotated[str, Matching(r"wx[0-9a-f]{16}", "must be wx followed by 16 lower-case hexadecimal digits")]
    name: Annotated[str, name_for_people]
    kind: Annotated[str, Among(tuple(AccountKind))] = AccountKind.VERIFIED_SERVICE.value
    original_id: Annotated[str, Matching(r"gh_[0-9a-z]{12}", "must be gh_ followed by 12 characters")] | None = None
    secret: _AppSecret
    token: _Token
    previous_token: _Token | None = None
    aes_key: _AesKey | None = None
    previous_aes_key: _AesKey | None = None
    callback: Literal["safe", "compatible", "plaintext"] = "safe"
    allow_plaintext: bool = False
    api_url: WebAddress = "https://api.weixin.qq.com"
    open_url: WebAddress = "https://open.weixin.qq.com"
    token_source: Annotated[str, token_way] = "stable"  # noqa: S105  # the name of a way, not a token
    messages: Annotated[Mapping[str, MessageTemplate], MANY] = field(default_factory=lambda: MappingProxyType({}))
    qr_picture: Annotated[str, account_picture] | None = None
    qr_pool: Annotated[int, Between(0, 1_000)] = 16
    tap_replies: bool = False
    unfollow_retention: Annotated[int, Between(86_400, 3_660 * 86_400)] = 180 * 86_400
    forward_to: WebAddress | None = None
    forward_copies: bool = False
    event_keys: Annotated[tuple[KeyHash, ...], MANY] = ()

    @property
    def rights(self) -> frozenset[Right]:
        """What the account may do at WeChat."""
        return AccountKind(self.kind).rights

    def may(self, right: Right | None) -> bool:
        """Whether the account has a right; None is a right that every account has."""
        return AccountKind(self.kind).may(right)
