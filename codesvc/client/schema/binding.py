"""The types of bindings and their history."""

from typing import Annotated, ClassVar

from codesvc.client.schema.answer import Answer, Time, described


class Binding(Answer, frozen=True, kw_only=True):
    """A user of a site and their WeChat account. Only keys with the scope openids get `openid` and `unionid`."""

    secret: ClassVar[frozenset[str]] = frozenset({"user", "openid_handle", "openid", "unionid", "display"})

    user: Annotated[str, described("your identifier of the person", example="alice")]
    test: Annotated[bool, described("whether it came from a test identity's proof: no message ever goes there")] = False
    reachable: Annotated[bool, described("whether messages can reach the WeChat account")]
    unreachable_reason: Annotated[
        str | None,
        described(
            "not-following, or unknown-openid: WeChat says that the account has no such openid, and the user may be "
            "bound anew",
            example="not-following",
        ),
    ] = None
    made_by: Annotated[str, described("proof, openid, handle, intent, oauth or import", example="proof")]
    bound_at: Annotated[Time, described("since when")]
    recipient_proved_at: Annotated[
        Time | None,
        described(
            "for the user id of a recipient (`ph_…`, `em_…`): when the person last proved that it is theirs; "
            "null if that is not known, and for all other users"
        ),
    ] = None
    openid: Annotated[
        str | None, described("the person's id at the account", example="o9tYIyvtrlVRXythhmMc49CLRBne")
    ] = None
    unionid: Annotated[str | None, described("the person's id at all accounts of one owner, if WeChat gives it")] = None
    openid_handle: Annotated[str, described("the WeChat account's lasting name in this site", example="oh_VZyHHvwug…")]
    wechat: Annotated[str, described("the name of this WeChat account in the history", example="97d18e059c0c")]
    display: Annotated[
        str | None, described("the name by which the person recognises the account in WeChat", example="山月小客")
    ] = None


class Bindings(Answer, frozen=True, kw_only=True):
    """The bindings of one WeChat account."""

    bindings: list[Binding]


class BindingChange(Answer, frozen=True, kw_only=True, rename={"came_from": "from"}):
    """One line of a user's history."""

    at: Annotated[Time, described("when")]
    event: Annotated[str, described("bound, moved (from another WeChat account) or removed", example="bound")]
    by: Annotated[
        str,
        described(
            "how: proof, openid, handle, intent, oauth, import, migration, site, page or forgotten", example="proof"
        ),
    ]
    source: Annotated[str | None, described("the verification, bind intent, login or ticket it came from")]
    wechat: Annotated[str, described("the WeChat account that was bound, moved to, or removed", example="97d18e059c0c")]
    came_from: Annotated[str | None, described("for a move: the previous WeChat account")]


class History(Answer, frozen=True, kw_only=True):
    """What became of a user's bindings, oldest first."""

    secret: ClassVar[frozenset[str]] = frozenset({"user"})

    user: Annotated[str, described("your identifier of the person", example="alice")]
    history: list[BindingChange]
