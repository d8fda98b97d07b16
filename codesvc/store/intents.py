"""Scripts about bind intents and logins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from codesvc.domain.addresses import NO_ADDRESS
from codesvc.store.act import Act
from codesvc.store.replies import IntentReply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesvc.store.act import Deployment
    from codesvc.store.keys import Keys


class IntentStart(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments of a start. What is not listed is as in `Start` and `StartRules` of verifications.

    Attributes:
        id: the id of the new intent or login.
        kind: `bi` or `lg`.
        user: the user to bind, "" for a login.
        display: the name under which the person recognises the account, "" for none.
        method: `scan` or `oauth`.
        replace: whether the site moves the user from another WeChat account on its own responsibility.
        many: whether a WeChat account may have several users of the site.
        notices: whether people are notified of changes of their bindings.
        confirm: whether the person is asked before the binding is made.
        address: the rate-limit bucket of the client's address, `-` if the site sends none.
        fixed_json: the constant part of the record, JSON.
        reference: the two letters that the person compares.
        keyword: eight characters that lead to it in the chat, "" for none.
        life_ms: how long the intent is valid.
        lane: whose window of the site's starts it counts in. Logins of apps, which take no key, have windows of their
            own (rule 3; `codesvc.service.start_lanes`).
        stranger: whether it takes no key and the person is not known, so that its QR code is from no site's share.
        network: the network of the client's address, `-` if it does not count.
        region: the block of a provider that the address is in, `-` if it does not count.
        oidc: the relying party's request that a login answers, JSON, "" for none.
    """

    id: str
    kind: str
    site: str
    user: str
    display: str
    method: str
    replace: bool
    many: bool
    notices: bool
    confirm: bool
    address: str
    fixed_json: bytes
    reference: str
    keyword: str
    life_ms: int
    idempotency_key: str
    fingerprint: str
    rates: Mapping[str, str]
    hooks: str
    lane: str = "all"
    stranger: bool = False
    network: str = NO_ADDRESS
    region: str = NO_ADDRESS
    predecessor: str = ""
    oidc: bytes = b""


class IntentStarted(IntentReply, frozen=True):
    """STARTED, REPEATED, MISMATCH, LIMITED, COLLISION, ENDED, or ABSENT if a repeated one is no longer kept.

    ENDED: the predecessor may start no successor.
    """

    left: str = ""
    limit: str = ""
    wait_ms: int = 0


class IntentScene(IntentReply, frozen=True):
    """ATTACHED, EMPTY (the pool is, and a call that creates a QR code was charged), CLOSED, ENDED, ABSENT, LIMITED.

    Attributes:
        pool_left: how many QR codes remain in the pool.
    """

    pool_left: int = 0


class Intents:
    """Bind intents and logins in the store. Every call raises StoreUnavailable if the store does not answer.

    `sites` are the names of the account's sites, separated by blanks. An intent of another site is ABSENT.
    """

    def __init__(self, deployment: Deployment) -> None:
        self._start = Act(deployment, "start_intent", IntentStarted)
        self._read = Act(deployment, "read_intent", IntentReply)
        self._cancel = Act(deployment, "cancel_intent", IntentReply)
        self._disown = Act(deployment, "disown_intent", IntentReply)
        self._attach = Act(deployment, "attach_intent_scene", IntentScene)
        self._claim = Act(deployment, "claim_intent", IntentReply)
        self._decide = Act(deployment, "decide_intent", IntentReply)
        self._allow_move = Act(deployment, "allow_move", IntentReply)

    async def start(self, keys: Keys, start: IntentStart) -> IntentStarted:
        """Start an intent."""
        return await self._start(
            keys,
            {
                "predecessor": keys.intent(start.predecessor),
                "intent": keys.intent(start.id),
                "idem": keys.idempotency(start.site, start.idempotency_key),
                "keyword": keys.keyword(start.keyword),
                "site_starts": keys.window("site_starts", start.site, start.lane),
                "address_starts": keys.window("address_starts", start.site, start.address),
                "network_starts": keys.window("network_starts", start.site, start.network),
                "region_starts": keys.window("region_starts", start.site, start.region),
            },
            {
                "predecessor": start.predecessor,
                "id": start.id,
                "kind": start.kind,
                "idem": start.idempotency_key,
                "fingerprint": start.fingerprint,
                "site": start.site,
                "user": start.user,
                "display": start.display,
                "method": start.method,
                "replace": int(start.replace),
                "many": int(start.many),
                "notices": int(start.notices),
                "confirm": int(start.confirm),
                "address": start.address,
                "fixed": start.fixed_json,
                "reference": start.reference,
                "keyword": start.keyword,
                "life": start.life_ms,
                "site_starts": start.rates["site_starts"],
                "address_starts": start.rates["address_starts"],
                "network_starts": start.rates["network_starts"] if start.network != NO_ADDRESS else "",
                "region_starts": start.rates["region_starts"] if start.region != NO_ADDRESS else "",
                "hooks": start.hooks,
                "stranger": int(start.stranger),
                "oidc": start.oidc,
                "writes": start.rates["binding_writes"],
            },
        )

    async def read(self, keys: Keys, site: str, identifier: str) -> IntentReply:
        """Read an intent: DONE or ABSENT."""
        return await self._read(keys, {"intent": keys.intent(identifier)}, {"site": site})

    async def cancel(self, keys: Keys, site: str, identifier: str) -> IntentReply:
        """Cancel an intent: DONE, ENDED or ABSENT."""
        return await self._cancel(keys, {"intent": keys.intent(identifier)}, {"site": site})

    async def disown(self, keys: Keys, site: str, identifier: str) -> IntentReply:
        """Cancel a bind intent from its page, and take back the binding that it made: DONE, ENDED or ABSENT."""
        return await self._disown(keys, {"intent": keys.intent(identifier)}, {"site": site})

    async def attach_scene(
        self, keys: Keys, site: str, identifier: str, *, day: str, scene: str, minted: str, needed_ms: int, sites: int
    ) -> IntentScene:
        """Attach a QR code; arguments as `codesvc.store.verifications.Verifications.attach_scene`."""
        return await self._attach(
            keys,
            {
                "intent": keys.intent(identifier),
                "pool": keys.pool,
                "pool_server": keys.pool_server,
                "day": day,
            },
            {"site": site, "scene": scene, "minted": minted, "needed": needed_ms, "sites": sites},
        )

    async def claim(
        self,
        keys: Keys,
        identifier: str,
        openid: str,
        *,
        unionid: str,
        method: str,
        by: str,
        sites: str,
        dedupe: str = "",
        forgeable: bool = False,
    ) -> IntentReply:
        """Record a scan, a keyword or a web authorisation: ASKED, BOUND, CONFLICT, ENDED, REFUSED or ABSENT.

        `dedupe` identifies a signed callback, "" for anything else. Repeated, it asks nothing anew. `forgeable`:
        anybody may have made the event. Then the WeChat account is asked, and nothing is bound before its yes.
        """
        return await self._claim(
            keys,
            {"intent": keys.intent(identifier), "asked": keys.asked(openid), "seen": keys.seen(f"{dedupe}/ask")},
            {
                "openid": openid,
                "unionid": unionid,
                "method": method,
                "by": by,
                "once": int(bool(dedupe)),
                "forgeable": int(forgeable),
                "sites": sites,
            },
        )

    async def decide(
        self, keys: Keys, openid: str, *, identifier: str, yes: bool, choice: str, sites: str, dedupe: str
    ) -> IntentReply:
        """Record the answer of a WeChat account.

        BOUND, CONFLICT, APPROVED, UNKNOWN, DECLINED, CHOOSE (which of several users), ENDED or ABSENT.

        Args:
            keys: the keys of the account.
            openid: the openid of the person who decides.
            identifier: the id of the intent or login; "" for the last question to this WeChat account.
            yes: whether they agree.
            choice: the number of a user of a login, "" for none.
            sites: the names of the account's sites.
            dedupe: identifies the message. A repeated message has the same effect as before.
        """
        return await self._decide(
            keys,
            {"asked": keys.asked(openid), "seen": keys.seen(f"{dedupe}/decide")},
            {
                "openid": openid,
                "id": identifier,
                "yes": int(yes),
                "choice": choice,
                "tell": int(bool(identifier)),
                "sites": sites,
            },
        )

    async def allow_move(self, keys: Keys, openid: str, reference: str, *, sites: str, dedupe: str = "") -> IntentReply:
        """The old WeChat account agrees that its user moves: BOUND, CONFLICT, or ABSENT if it was not asked.

        `dedupe` identifies a signed callback. Repeated, it has the same effect as before.
        """
        return await self._allow_move(
            keys,
            {"seen": keys.seen(f"{dedupe}/move")},
            {"openid": openid, "reference": reference, "once": int(bool(dedupe)), "sites": sites},
        )
