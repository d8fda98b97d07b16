"""Names of the keys that belong to no account: of each partition, and of the whole deployment, all in one partition."""

from dataclasses import dataclass, field
from typing import Final

from codesvc.store.key_patterns import IN_PARTITION
from codesvc.store.partitions import DEPLOYMENT, partition_root

WEBHOOKS: Final = "webhooks"
"""Published when a site has a webhook to send."""
REGISTRY: Final = "registry"
"""Published when sites, accounts or keys have changed."""


def topic(prefix: str) -> str:
    """Publish/subscribe topic: ids of changed objects. It only wakes readers, which read the state again."""
    return f"{prefix}:changed"


@dataclass(frozen=True)
class PartitionKeys:
    """Key names of one partition, for data that belongs to no account."""

    prefix: str
    partition: int

    @property
    def root(self) -> str:
        """The beginning of all keys of the partition, colon included."""
        return partition_root(self.prefix, self.partition)

    @property
    def outbox(self) -> str:
        """Stream: deliveries to be made, of all accounts of the partition."""
        return self.root + IN_PARTITION["outbox"]

    @property
    def mark(self) -> str:
        """String: since when the partition has data, ms, and a random id; see `codesvc.store.marks`."""
        return self.root + IN_PARTITION["mark"]

    @property
    def turns(self) -> str:
        """Sorted set: when each process last looked at the partition, by its id; the latest 256."""
        return self.root + IN_PARTITION["turns"]

    @property
    def lost_writes(self) -> str:
        """String: between which turns the partition lost writes, `since-until` in ms; a day after it was noticed."""
        return self.root + IN_PARTITION["lost_writes"]

    def audit(self, log: str = "") -> str:
        """Stream: an audit log of the partition: of a site, or "" for lines without a site."""
        return self.root + (IN_PARTITION["audit_of"] % log if log else IN_PARTITION["audit"])

    @property
    def audits(self) -> str:
        """Hash: how many lines each audit log of the partition got and lost; see `codesvc.domain.audit_gaps`."""
        return self.root + IN_PARTITION["audits"]

    @property
    def binding_account(self) -> str:
        """Hash: by site, the appid under which the site's bindings in this partition lie."""
        return self.root + IN_PARTITION["binding_account"]

    @property
    def webhook_sites(self) -> str:
        """Sorted set: sites of the partition with webhooks to send, by when the first attempt is due."""
        return self.root + IN_PARTITION["webhook_sites"]

    @property
    def probe(self) -> str:
        """String: written to test whether the partition can be written."""
        return self.root + IN_PARTITION["probe"]

    @property
    def never(self) -> str:
        """A key that never exists. While a cluster moves the partition's slot, it makes the node refuse the call."""
        return self.root + IN_PARTITION["never"]


@dataclass(frozen=True)
class DeploymentKeys(PartitionKeys):
    """Key names of the whole deployment, beside those of its partition."""

    partition: int = field(default=DEPLOYMENT, init=False)

    @property
    def store_clock(self) -> str:
        """Hash: what the store's clock said last, ms, and how and when it was seen to step."""
        return self.root + IN_PARTITION["store_clock"]

    @property
    def clock_offset(self) -> str:
        """String: test mode's clock offset in ms."""
        return self.root + IN_PARTITION["clock_offset"]

    @property
    def uses(self) -> str:
        """Hash: when each API key was last used, ms, by the beginning of its hash; so for each site, by `site/NAME`."""
        return self.root + IN_PARTITION["uses"]

    @property
    def master_keys(self) -> str:
        """Hash: when a process last used each master key, ms, by the key's id."""
        return self.root + IN_PARTITION["master_keys"]

    @property
    def registry(self) -> str:
        """Hash: sealed sites, accounts and keys of the registry, and the registry's version."""
        return self.root + IN_PARTITION["registry"]

    @property
    def registry_log(self) -> str:
        """List: which entries of the registry changed with which version, the latest 1,000."""
        return self.root + IN_PARTITION["registry_log"]

    def signed_out(self, session: str) -> str:
        """String: marks an operator's session that was signed out."""
        return self.root + IN_PARTITION["signed_out"] % session

    def login_window(self, subject: str) -> str:
        """List: times of password attempts on the operator page, by an address, a network, a browser or everybody."""
        return self.root + IN_PARTITION["window"] % ("logins", "admin", subject)

    @property
    def audit_filing(self) -> str:
        """String: the lock of the process that writes the audit log to a file."""
        return self.root + IN_PARTITION["audit_filing"]

    @property
    def file_access(self) -> str:
        """Hash: whom the configuration file let in when a process last began to use it, name to digest."""
        return self.root + IN_PARTITION["file_access"]

    @property
    def refused_callbacks(self) -> str:
        """Hash: the latest refused callback of each account, and how many there were."""
        return self.root + IN_PARTITION["refused_callbacks"]
