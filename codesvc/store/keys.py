"""The names of an account's keys in the store; `codesvc.store.deployment_keys` has those that belong to no account.

Every key of an account has the hash tag of the account's partition, so that all keys of one script are in one
cluster slot: `cs:{p07}:vf:…`. `codesvc.store.key_patterns` has the pattern of each kind, and says which kinds are
permanent. A key of any other kind always has a TTL (DESIGN rule 2), and a test walks the store to check it.

Users may contain `:`. They come last in their key, and the parts before them (site, purpose, address) may not contain
it.
"""

from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

from codesvc.store.key_patterns import IN_ACCOUNT, IN_PARTITION
from codesvc.store.partitions import partition_of, partition_root


@dataclass(frozen=True)
class Keys:
    """Key names of one account.

    Attributes:
        prefix: the deployment's prefix, `cs` unless several deployments share one store.
    """

    prefix: str
    appid: str

    @cached_property
    def partition(self) -> int:
        """The account's partition."""
        return partition_of(self.appid)

    @cached_property
    def root(self) -> str:
        """The beginning of all keys of the partition, colon included."""
        return partition_root(self.prefix, self.partition)

    @cached_property
    def account(self) -> str:
        """The beginning of all keys that are unique only inside this account (openids, keywords, scenes)."""
        return f"{self.root}{self.appid}:"

    def record(self, verification: str) -> str:
        """String: one verification. The kind replaces the beginning `vf_` of its id."""
        return self.root + IN_PARTITION["record"] % verification[3:]

    def idempotency(self, site: str, key: str) -> str:
        """Hash: what a call with this Idempotency-Key led to; the key is the site's, not a path's."""
        return self.root + IN_PARTITION["idempotency"] % (site, sha256(key.encode()).hexdigest()[:32])

    def live(self, site: str, purpose: str, address: str, user: str) -> str:
        """List: live unclaimed verifications of a user, purpose and address beyond those in `lately`."""
        return self.root + IN_PARTITION["live"] % (site, purpose, address, user)

    def lately(self, site: str, user: str) -> str:
        """String: the user's latest 20 verifications and the times of pushes (`recent_activity.lua`)."""
        return self.root + IN_PARTITION["lately"] % (site, user)

    def latest(self, subject: str) -> str:
        """List: the latest verifications of a site (`site/shop`), newest first, as many as `recorder.MOST_LATEST`."""
        return self.root + IN_PARTITION["latest"] % subject

    def window(self, limit: str, site: str, subject: str) -> str:
        """String: times of the events that a limit counts; many are in a list of its own (`fragments/windows.lua`)."""
        return self.root + IN_PARTITION["window"] % (limit, site, subject)

    def openid_window(self, limit: str, openid: str) -> str:
        """String: as `window`, for limits per openid, browser or callback, which all sites of the account share."""
        return self.account + IN_ACCOUNT["openid_window"] % (limit, openid)

    def keyword(self, keyword: str) -> str:
        """String: the target of a keyword."""
        return self.account + IN_ACCOUNT["keyword"] % keyword

    def scene(self, scene: str) -> str:
        """String: the target of a scene."""
        return self.account + IN_ACCOUNT["scene"] % scene

    @cached_property
    def pool(self) -> str:
        """List: QR codes created in advance."""
        return self.account + IN_ACCOUNT["pool"]

    @property
    def pool_server(self) -> str:
        """String: the server whose pool it is (`fragments/pool_server.lua`)."""
        return self.account + IN_ACCOUNT["pool_server"]

    def binding(self, site: str, user: str) -> str:
        """Hash: the WeChat account of a site's user."""
        return self.root + IN_PARTITION["binding"] % (site, user)

    def owners(self, site: str, openid: str) -> str:
        """Set: the site's users that a WeChat account is bound to."""
        return self.root + IN_PARTITION["owners"] % (site, openid)

    def union(self, site: str, unionid: str) -> str:
        """Set: the site's users that a person is bound to, by the unionid, their id for all accounts of one owner."""
        return self.root + IN_PARTITION["union"] % (site, unionid)

    def history(self, site: str, user: str) -> str:
        """List: the history of a user's bindings, oldest first."""
        return self.root + IN_PARTITION["history"] % (site, user)

    def intent(self, intent: str) -> str:
        """Hash: one bind intent or login."""
        return self.root + IN_PARTITION["intent"] % intent

    def ticket(self, ticket: str) -> str:
        """Hash: one link from the chat to a site."""
        return self.account + IN_ACCOUNT["ticket"] % ticket

    def notice(self, notice: str) -> str:
        """Hash: a notice to a WeChat account."""
        return self.root + IN_PARTITION["notice"] % notice

    def message(self, message: str) -> str:
        """String: one message, without its code and its recipient."""
        return self.root + IN_PARTITION["message"] % message

    def sealed(self, message: str) -> str:
        """String: code and recipient of a message, encrypted; its TTL is at most the code's life."""
        return self.root + IN_PARTITION["sealed"] % message

    def webhook(self, site: str, event: str) -> str:
        """Hash: one event for a site's webhook, and the result of sending it."""
        return self.root + IN_PARTITION["webhook"] % (site, event)

    def webhook_log(self, site: str) -> str:
        """Sorted set: every event that is kept for a site, by when it happened."""
        return self.root + IN_PARTITION["webhook_log"] % site

    def webhook_due(self, site: str) -> str:
        """Sorted set: events that are still to be sent, by when the next attempt is due."""
        return self.root + IN_PARTITION["webhook_due"] % site

    def webhook_state(self, site: str) -> str:
        """Hash: the state of the site's endpoint, and whether it is disabled."""
        return self.root + IN_PARTITION["webhook_state"] % site

    def batch(self, name: str) -> str:
        """String: marks a batch of counts that has been added."""
        return self.root + IN_PARTITION["batch"] % name

    def spent(self, source: str) -> str:
        """String: marks that the handle of this login or ticket has been used."""
        return self.root + IN_PARTITION["spent"] % source

    def asked(self, openid: str) -> str:
        """String: the intent or login that this WeChat account was asked about last."""
        return self.account + IN_ACCOUNT["asked"] % openid

    def moving(self, openid: str) -> str:
        """String: the bind intents, one of each site, that would move a user away from this WeChat account."""
        return self.account + IN_ACCOUNT["moving"] % openid

    def awaiting(self, openid: str) -> str:
        """String: the ticket whose page shows digits that this WeChat account should send."""
        return self.account + IN_ACCOUNT["awaiting"] % openid

    def visit(self, browser: str, subject: str) -> str:
        """String: the identity that a browser has proved, for one subject."""
        return self.account + IN_ACCOUNT["visit"] % (browser, subject)

    def login_code(self, site: str, name: str) -> str:
        """String: for whom a code of wechat-server's protocol was made; `name` is derived from the code."""
        return self.account + IN_ACCOUNT["login_code"] % (site, name)

    def gone(self, openid: str) -> str:
        """String: when this openid stopped following."""
        return self.account + IN_ACCOUNT["gone"] % openid

    def unknown(self, openid: str) -> str:
        """String: WeChat said that the account has no such openid (`fragments/reachability.lua`)."""
        return self.account + IN_ACCOUNT["unknown"] % openid

    @property
    def leavers(self) -> str:
        """Sorted set: openids that stopped following, by time."""
        return self.account + IN_ACCOUNT["leavers"]

    def muted(self, openid: str) -> str:
        """String: the time until which this openid gets no pushes."""
        return self.account + IN_ACCOUNT["muted"] % openid

    def spoke(self, openid: str) -> str:
        """String: until when customer-service messages may go to this openid (`fragments/spoken_window.lua`)."""
        return self.account + IN_ACCOUNT["spoke"] % openid

    def recent(self, openid: str) -> str:
        """String: recent verifications whose code went to this openid, and times of pushes; as `lately`."""
        return self.account + IN_ACCOUNT["recent"] % openid

    def receipt(self, msgid: int | str) -> str:
        """String: the delivery of a WeChat message id, or a receipt that came before the send was recorded."""
        return self.account + IN_ACCOUNT["receipt"] % msgid

    def oidc_first(self, openid: str) -> str:
        """String: the openid that this person's subjects at relying parties are derived from; see `oidc_person`."""
        return self.account + IN_ACCOUNT["oidc_first"] % openid

    def oidc_code(self, site: str, digest: str) -> str:
        """Hash: an authorisation code for a relying party, by its keyed hash."""
        return self.root + IN_PARTITION["oidc_code"] % (site, digest)

    def oidc_token(self, site: str, digest: str) -> str:
        """Hash: what an access token of a relying party lets it read, by the token's keyed hash."""
        return self.root + IN_PARTITION["oidc_token"] % (site, digest)

    def seen(self, dedupe: str) -> str:
        """String: marks a callback that has been handled."""
        return self.account + IN_ACCOUNT["seen"] % sha256(dedupe.encode()).hexdigest()[:32]

    def token(self, name: str) -> str:
        """String: an access token, or the lock of the process that fetches one."""
        return self.account + IN_ACCOUNT["token"] % name

    def quota(self, api: str, day: int) -> str:
        """Hash: how much of an API's daily quota was used on a day."""
        return self.account + IN_ACCOUNT["quota"] % (api, day)

    @cached_property
    def outbox(self) -> str:
        """Stream: deliveries to be made, of all accounts of the partition."""
        return self.root + IN_PARTITION["outbox"]
