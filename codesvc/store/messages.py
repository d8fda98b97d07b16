"""Scripts about messages: taking, reading, delivering one; `codesvc.domain.message` has the states."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from codesvc.domain.quota import Api
from codesvc.store.act import Act
from codesvc.store.quotas import day_key
from codesvc.store.replies import MessageReply, Reply

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from codesvc.store.act import Deployment
    from codesvc.store.keys import Keys


class MessageStart(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments of a message's start. Its repr shows no content, because the content is sealed.

    What is not listed is as in `Start` and `StartRules` of verifications.

    Attributes:
        id: the id of the new message.
        users: the ids that may be the message's user: the one that the call names, or else those derived from the
            recipient. The first that is bound is the user.
        owners: the ids derived from the recipient, if the call names another user and the code may prove the recipient.
            Then WeChat gets it only where one of them is bound to the user's WeChat account. Empty otherwise.
        claims: whether a person gives the recipient as theirs for the first time.
        recipient_proof_ms: after a proof of the recipient, a binding under an id derived from it is used for so long.
        kind: `sms` or `email`.
        locale: `zh` or `en`.
        reference: what the page beside the code shows, "" for nothing.
        address: the rate-limit bucket of the person's address, `-` if the caller sends none.
        disclose: whether the site may learn how it is delivered.
        shadow: whether it goes to the gateway in any case.
        coded: whether there is a code, which a template message needs.
        pushable: whether the purpose sends template messages.
        box: the sealed content.
        life_ms: how long the code is valid.
        repeat_window_ms: within this time a second message for a user goes to the gateway.
        same_call: hashes of the call's identifying values, keyed by the current master key, then by others; none if
            nothing tells a repeat.
        same_call_ms: how long a repeat of the call is recognised, 0 for none.
    """

    id: str
    site: str
    users: Sequence[str]
    owners: Sequence[str]
    claims: bool
    recipient_proof_ms: int
    purpose: str
    kind: str
    locale: str
    reference: str
    address: str
    disclose: bool
    shadow: bool
    coded: bool
    pushable: bool
    box: bytes
    life_ms: int
    repeat_window_ms: int
    idempotency_key: str
    fingerprint: str
    same_call: Sequence[str]
    same_call_ms: int
    rates: Mapping[str, str]
    shared_pushes: str
    hooks: str


class MessageStarted(MessageReply, frozen=True):
    """STARTED, REPEATED, MISMATCH, LIMITED, or ABSENT if a repeated one is no longer kept."""

    left: str = ""
    limit: str = ""
    wait_ms: int = 0


class MessageBegun(MessageReply, frozen=True):
    """BEGUN, ENDED if its time is over, or STALE if the job is no longer needed; then the job is acknowledged.

    Attributes:
        box: the sealed content.
        step: what comes next: `push`, `wait` (for the receipt) or `hand` (to the gateway).
        wait_ms: how long to wait for the receipt.
        again: whether the gateway may have taken the message by an earlier call, whose answer nobody knows.
        spent: whether the site's limit of gateway messages is used up; then the gateway is not called.
        quota: `yes` if a call was charged, the quota that is used up (`day`, `minute`), "" if none was to be charged.
        day: the key of the quota that was charged.
        call: the id of the call that was charged, "" if none was.
    """

    box: bytes = b""
    step: str = ""
    wait_ms: int = 0
    again: bool = False
    spent: bool = False
    quota: str = ""
    day: str = ""
    call: str = ""


class MessageResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an act for a message.

    Attributes:
        result: sent, refused, later, handed_over, unknown or failed; `record_message.lua` says what each means.
        reason: a word for the failure, "" for none.
        msgid: WeChat's id of the template message, "" for none.
        wait_ms: how long its receipt is awaited.
        day: the key of the quota that the call was taken from.
        call: the id of the call that was charged, "" if none was.
        counted: whether WeChat may have counted that call.
    """

    result: str
    reason: str = ""
    msgid: str = ""
    wait_ms: int = 0
    day: str = ""
    call: str = ""
    counted: bool = True


class RecipientFound(Reply, frozen=True):
    """DONE."""

    user: str = ""


class Messages:
    """Messages in the store. Every call raises StoreUnavailable if the store does not answer."""

    def __init__(self, deployment: Deployment) -> None:
        self._accept = Act(deployment, "accept_message", MessageStarted)
        self._read = Act(deployment, "read_message", MessageReply)
        self._begin = Act(deployment, "begin_message", MessageBegun)
        self._record = Act(deployment, "record_message", MessageReply)
        self._find = Act(deployment, "find_recipient", RecipientFound)

    async def accept(self, keys: Keys, start: MessageStart) -> MessageStarted:
        """Take a message."""
        return await self._accept(
            keys,
            {
                "message": keys.message(start.id),
                "sealed": keys.sealed(start.id),
                "idem": keys.idempotency(start.site, start.idempotency_key),
                "site_starts": keys.window("site_starts", start.site, "all"),
                "address_starts": keys.window("address_starts", start.site, start.address),
            },
            {
                "id": start.id,
                "users": " ".join(start.users),
                "owners": " ".join(start.owners),
                "claims": int(start.claims),
                "recipient_proof": start.recipient_proof_ms,
                "site": start.site,
                "purpose": start.purpose,
                "kind": start.kind,
                "locale": start.locale,
                "reference": start.reference,
                "address": start.address,
                "disclose": int(start.disclose),
                "shadow": int(start.shadow),
                "coded": int(start.coded),
                "box": start.box,
                "life": start.life_ms,
                "repeat_window": start.repeat_window_ms,
                "pushable": int(start.pushable),
                "user_pushes": start.rates["user_pushes"],
                "openid_pushes": start.rates["openid_pushes"],
                "shared_pushes": start.shared_pushes,
                "site_starts": start.rates["site_starts"],
                "address_starts": start.rates["address_starts"],
                "gateway_messages": start.rates["gateway_messages"],
                "hooks": start.hooks,
                "idem": start.idempotency_key,
                "fingerprint": start.fingerprint,
                "same": " ".join(start.same_call),
                "same_ms": start.same_call_ms,
            },
        )

    async def read(self, keys: Keys, site: str, identifier: str) -> MessageReply:
        """Read a message: DONE or ABSENT."""
        return await self._read(keys, {"message": keys.message(identifier)}, {"site": site})

    async def begin(
        self, keys: Keys, identifier: str, number: int, entry: str, *, attempt: str = "", call: str = "", sites: int
    ) -> MessageBegun:
        """Look at the job of a message.

        `attempt` names the call of the gateway that follows at once, "" if none does. It is another one for each call,
        and the same if the look is repeated because its answer was lost.
        `call` is the id of a template message that follows: it is charged.
        """
        return await self._begin(
            keys,
            {
                "message": keys.message(identifier),
                "sealed": keys.sealed(identifier),
                "day": day_key(keys, Api.TEMPLATE),
            },
            {"number": number, "entry": entry, "attempt": attempt, "call": call, "sites": sites},
        )

    async def record(
        self, keys: Keys, identifier: str, number: int, entry: str, outcome: MessageResult, *, sites: int
    ) -> MessageReply:
        """Record what became of an act: DONE or STALE. The end of a message acknowledges its job."""
        return await self._record(
            keys,
            {"message": keys.message(identifier), "day": outcome.day or day_key(keys, Api.TEMPLATE)},
            {
                "number": number,
                "entry": entry,
                "result": outcome.result,
                "reason": outcome.reason,
                "msgid": outcome.msgid,
                "wait": outcome.wait_ms,
                "call": outcome.call,
                "counted": int(outcome.counted),
                "sites": sites,
            },
        )

    async def find(self, keys: Keys, site: str, users: Sequence[str]) -> RecipientFound:
        """The lasting one of the user ids that stand for a recipient, the newest first."""
        return await self._find(
            keys, {"binding": keys.binding(site, users[0])}, {"site": site, "users": " ".join(users)}
        )
