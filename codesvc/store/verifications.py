"""Scripts about one verification: starting, reading, checking, resending, canceling it, showing its QR code."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import msgspec

from codesvc.domain.webhook import seed
from codesvc.store.act import Act
from codesvc.store.replies import VerificationReply
from codesvc.store.verification_types import Checked, Resent, SceneAttached, Started, UserRead

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesvc.store.act import Deployment, Prepared
    from codesvc.store.keys import Keys
    from codesvc.store.verification_types import CheckRules, ResendRules, Start, StartRules


class Verifications:
    """Verifications in the store. Every call raises StoreUnavailable if the store does not answer."""

    def __init__(self, deployment: Deployment) -> None:
        self._start = Act(deployment, "start", Started)
        self._check = Act(deployment, "check", Checked)
        self._read = Act(deployment, "read", VerificationReply)
        self._open_page = Act(deployment, "open_page", VerificationReply)
        self._resend = Act(deployment, "resend", Resent)
        self._cancel = Act(deployment, "cancel", VerificationReply)
        self._attach = Act(deployment, "attach_scene", SceneAttached)
        self._read_user = Act(deployment, "read_user", UserRead)
        self._starts: WeakKeyDictionary[StartRules, tuple[Prepared[Started], str]] = WeakKeyDictionary()
        self._checks: WeakKeyDictionary[CheckRules, tuple[Prepared[Checked], str]] = WeakKeyDictionary()
        self._resends: WeakKeyDictionary[ResendRules, Prepared[Resent]] = WeakKeyDictionary()

    async def start(self, rules: StartRules, start: Start) -> Started:
        """Start a verification."""
        prepared, idem = self._starts.get(rules) or self._starts.setdefault(rules, self._prepared_start(rules))
        keys = rules.keys
        if start.idempotency_key:
            idem = keys.idempotency(rules.site, start.idempotency_key)
        return await prepared.run(
            {
                "predecessor": keys.record(start.predecessor),
                "record": keys.record(start.id),
                "long_record": keys.record(start.long_id),
                "longest_record": keys.record(start.longest_id),
                "idem": idem,
                "lately": keys.lately(rules.site, start.user),
                "keyword": keys.keyword(start.keyword),
                "binding": keys.binding(rules.site, start.user),
                "address_starts": keys.window("address_starts", rules.site, start.address),
            },
            {
                "predecessor": start.predecessor,
                "id": start.id,
                "long_id": start.long_id,
                "longest_id": start.longest_id,
                "idem": start.idempotency_key,
                "fingerprint": start.fingerprint,
                "user": start.user,
                "address": start.address,
                "fixed": start.fixed_json,
                "vouched": int(start.vouched),
                "keyword": start.keyword,
                "event": seed() if rules.hooks else "",
                "contact": start.contact,
                "contact_box": start.contact_box,
            },
        )

    def _prepared_start(self, rules: StartRules) -> tuple[Prepared[Started], str]:
        """The prepared call, and the name of a key that never exists, for a start without an Idempotency-Key."""
        keys = rules.keys
        prepared = self._start.prepare(
            keys,
            {
                "site_starts": keys.window("site_starts", rules.site, "all"),
                "site_guesses": keys.window("site_guesses", rules.site, rules.purpose),
            },
            {
                "site": rules.site,
                "purpose": rules.purpose,
                "scan": rules.scan,
                "disclose_binding": int(rules.disclose_binding),
                "attempts": rules.attempts,
                "code_life": rules.code_life_ms,
                "code_max_life": rules.code_max_life_ms,
                "resend_after": rules.resend_after_ms,
                "push_delay": rules.push_delay_ms,
                "max_live": rules.max_live,
                "channels": rules.channels,
                "site_starts": rules.rates["site_starts"],
                "address_starts": rules.rates["address_starts"],
                "site_guesses": rules.rates["site_guesses"],
                "user_pushes": rules.rates["user_pushes"],
                "openid_pushes": rules.rates["openid_pushes"],
                "shared_pushes": rules.shared_pushes,
                "hooks": rules.hooks,
            },
        )
        return prepared, keys.idempotency(rules.site, "")

    async def check(
        self,
        rules: CheckRules,
        identifier: str,
        *,
        right: bool,
        address: str,
        idempotency_key: str,
        fingerprint: str,
        return_hash: str,
    ) -> Checked:
        """Check a typed code.

        Args:
            rules: the rules of the site.
            identifier: the id of the verification.
            right: whether it is the code.
            address: the rate-limit bucket of the person who types, "" for that of the start.
            idempotency_key: "" for none.
            fingerprint: the hash of the request with that key.
            return_hash: the hash of the return key that the browser gets if the purpose has one, "" for none.
        """
        prepared, idem = self._checks.get(rules) or self._checks.setdefault(rules, self._prepared_check(rules))
        keys = rules.keys
        if idempotency_key:
            idem = keys.idempotency(rules.site, idempotency_key)
        return await prepared.run(
            {"record": keys.record(identifier), "idem": idem},
            {
                "verdict": int(right),
                "idem": idempotency_key,
                "fingerprint": fingerprint,
                "address": address,
                "event": seed(),
                "return_hash": return_hash,
            },
        )

    def _prepared_check(self, rules: CheckRules) -> tuple[Prepared[Checked], str]:
        prepared = self._check.prepare(
            rules.keys,
            {},
            {
                "site": rules.site,
                "user_guesses": rules.rates["user_guesses"],
                "address_guesses": rules.rates["address_guesses"],
                "site_guesses": rules.rates["site_guesses"],
                "return_purposes": rules.return_purposes,
            },
        )
        return prepared, rules.keys.idempotency(rules.site, "")

    async def read(self, keys: Keys, identifier: str, *, site: str = "") -> VerificationReply:
        """Read a verification: DONE or ABSENT; with `site`, only one of that site."""
        return await self._read(keys, {"record": keys.record(identifier)}, {"site": site})

    async def open_page(self, keys: Keys, site: str, identifier: str) -> VerificationReply:
        """Read a verification for its page, which is noted if the site has no addresses: DONE or ABSENT."""
        return await self._open_page(keys, {"record": keys.record(identifier)}, {"site": site})

    async def resend(self, rules: ResendRules, identifier: str) -> Resent:
        """Send the same code again, by the rules of the verification's purpose."""
        prepared = self._resends.get(rules)
        if prepared is None:
            prepared = self._resends[rules] = self._resend.prepare(
                rules.keys,
                {},
                {
                    "site": rules.site,
                    "purposes": msgspec.msgpack.encode(rules.purposes),
                    "user_pushes": rules.rates["user_pushes"],
                    "openid_pushes": rules.rates["openid_pushes"],
                    "shared_pushes": rules.shared_pushes,
                },
            )
        return await prepared.run({"record": rules.keys.record(identifier)}, {"event": seed()})

    async def cancel(self, keys: Keys, site: str, identifier: str) -> VerificationReply:
        """Cancel a verification: DONE, ENDED or ABSENT."""
        return await self._cancel(keys, {"record": keys.record(identifier)}, {"site": site})

    async def attach_scene(
        self, keys: Keys, site: str, identifier: str, *, day: str, scene: str, minted: str, needed_ms: int, sites: int
    ) -> SceneAttached:
        """Attach a QR code.

        Args:
            keys: the keys of the site's account.
            site: its name.
            identifier: the id of the verification.
            day: the key of the counters of the day's QR codes.
            scene: if the pool is empty, the call that creates a QR code with this scene is charged; "" for none.
            minted: the QR code that was created by a charged call, as an entry of the pool; "" for none.
            needed_ms: how long a QR code of the pool must remain valid.
            sites: how many sites share the account.
        """
        return await self._attach(
            keys,
            {
                "record": keys.record(identifier),
                "pool": keys.pool,
                "pool_server": keys.pool_server,
                "day": day,
            },
            {"site": site, "scene": scene, "minted": minted, "needed": needed_ms, "sites": sites},
        )

    async def read_user(self, keys: Keys, site: str, user: str, rates: Mapping[str, str]) -> UserRead:
        """A user's latest verifications, and how much of the user's own limits is used."""
        return await self._read_user(
            keys,
            {"lately": keys.lately(site, user), "user_guesses": keys.window("user_guesses", site, user)},
            {"user_pushes": rates["user_pushes"], "user_guesses": rates["user_guesses"]},
        )
