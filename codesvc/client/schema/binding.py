"""The types of bindings and their history."""

from typing import Annotated, ClassVar

from codesvc.client.schema.answer import Answer, Time, described


class Binding(Answer, frozen=True, kw_only=True):
    """A user of a site and their WeChat account. Only keys with the scope openids get `openid` and `unionid`."""

    secret: ClassVar[frozenset[str]] = frozenset({"user", "openid_handle", "openid", "unionid", "display"})

    user: Annotated[str, described("your identifier of the person", example="alice")]
    test: Annotated[
        bool, described("whether it was made with a test identity's proof; such a binding never gets messages")
    ] = False
    reachable: Annotated[bool, described("whether messages can reach the WeChat account")]
    unreachable_reason: Annotated[
        str | None,
        described(
            "not-following, or unknown-openid: WeChat reports that the account has no such openid, and the user "
            "can be bound again",
            example="not-following",
        ),
    ] = None
    made_by: Annotated[str, described("proof, openid, handle, intent, oauth or import", example="proof")]
    bound_at: Annotated[Time, described("when the binding was made")]
    recipient_proved_at: Annotated[
        Time | None,
        described(
            "for a recipient's user id (`ph_…`, `em_…`): when the person last proved that it is theirs; null if "
            "unknown, and for all other users"
        ),
    ] = None
    openid: Annotated[
        str | None, described("the person's openid for the account", example="o9tYIyvtrlVRXythhmMc49CLRBne")
    ] = None
    unionid: Annotated[
        str | None, described("the person's id for all accounts of one owner, if WeChat provides it")
    ] = None
    openid_handle: Annotated[
        str, described("the permanent pseudonym of the WeChat account on this site", example="oh_VZyHHvwug…")
    ]
    wechat: Annotated[str, described("the pseudonym of this WeChat account in the history", example="97d18e059c0c")]
    display: Annotated[
        str | None, described("the name by which the person recognises this user in WeChat", example="山月小客")
    ] = None


class Bindings(Answer, frozen=True, kw_only=True):
    """The bindings of one WeChat account."""

    bindings: list[Binding]


class BindingChange(Answer, frozen=True, kw_only=True, rename={"came_from": "from"}):
    """One entry of a user's history."""

    at: Annotated[Time, described("when")]
    event: Annotated[str, described("bound, moved (from another WeChat account) or removed", example="bound")]
    by: Annotated[
        str,
        described(
            "the means: proof, openid, handle, intent, oauth, import, migration, site, page or forgotten",
            example="proof",
        ),
    ]
    source: Annotated[str | None, described("the verification, bind intent, login or ticket it came from")]
    wechat: Annotated[str, described("the WeChat account that was bound, moved to, or removed", example="97d18e059c0c")]
    came_from: Annotated[str | None, described("for a move: the previous WeChat account")]


class History(Answer, frozen=True, kw_only=True):
    """The history of a user's bindings, oldest first."""

    secret: ClassVar[frozenset[str]] = frozenset({"user"})

    user: Annotated[str, described("your identifier of the person", example="alice")]
    history: list[BindingChange]
