"""The types of bindings and their history."""

from __future__ import annotations

from typing import Annotated, ClassVar

from codesvc.client.schema.answer import Answer, Time, told


class Binding(Answer, frozen=True, kw_only=True):
    """A site's user and a WeChat. `openid` and `unionid` are there for keys with the scope openids only."""

    secret: ClassVar[frozenset[str]] = frozenset({"user", "openid_handle", "openid", "unionid", "display"})

    user: Annotated[str, told("your identifier of the person", example="alice")]
    test: Annotated[bool, told("whether it came from a test identity's proof: no message ever goes there")] = False
    reachable: Annotated[bool, told("false while no message reaches the WeChat")]
    unreachable_reason: Annotated[
        str | None,
        told(
            "not-following, or unknown-openid: WeChat says that the account has no such openid, and the user may be "
            "bound anew",
            example="not-following",
        ),
    ] = None
    made_by: Annotated[str, told("proof, openid, handle, intent, oauth or import", example="proof")]
    bound_at: Annotated[Time, told("since when")]
    openid: Annotated[str | None, told("who, inside the account", example="o9tYIyvtrlVRXythhmMc49CLRBne")] = None
    unionid: Annotated[str | None, told("the same person over the accounts of one owner, if WeChat told it")] = None
    openid_handle: Annotated[str, told("stands for the WeChat, in this site only; lasts", example="oh_VZyHHvwug…")]
    wechat: Annotated[str, told("what the history calls this WeChat", example="97d18e059c0c")]
    display: Annotated[
        str | None, told("the name by which the person recognises the account in WeChat", example="山月小客")
    ] = None


class Bindings(Answer, frozen=True, kw_only=True):
    """The users of one WeChat."""

    bindings: list[Binding]


class BindingChange(Answer, frozen=True, kw_only=True, rename={"came_from": "from"}):
    """One line of a user's history."""

    at: Annotated[Time, told("when")]
    event: Annotated[str, told("bound, moved (from another WeChat account) or removed", example="bound")]
    by: Annotated[
        str, told("how: proof, openid, handle, intent, oauth, import, migration, site or forgotten", example="proof")
    ]
    source: Annotated[str | None, told("the verification, bind intent, login or ticket it came from")]
    wechat: Annotated[str, told("the WeChat that was bound, moved to, or removed", example="97d18e059c0c")]
    came_from: Annotated[str | None, told("of a move: the WeChat before")]


class History(Answer, frozen=True, kw_only=True):
    """What became of a user's bindings, oldest first."""

    secret: ClassVar[frozenset[str]] = frozenset({"user"})

    user: Annotated[str, told("your identifier of the person", example="alice")]
    history: list[BindingChange]
