"""Finds bindings that lie under another appid than the one that their site's account has now.

An openid means something inside one appid only. If the appid of an account changes, all its people read as not bound,
their scans for a reset are refused, and an export is empty, without any error. So a service does not start with such a
configuration ([decision 24](../../docs/decisions/0024-bindings-under-another-appid.md)).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from codesvc.domain.errors import CodesvcError
from codesvc.store import binding_accounts
from codesvc.store.partitions import partition_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from codesvc.sites.directory import Directory
    from codesvc.store.store import Store


@dataclass(frozen=True, slots=True)
class Misplaced:
    """Bindings of a site that its account cannot use.

    Attributes:
        appid: the appid under which they lie, "" if it is not known.
        account: the site's account, "" if there is no such site any more.
        present: the appid of that account, "" if there is none.
        left: whether the site has left the account of that appid (`Directory.has_left`).
    """

    site: str
    appid: str
    partition: int
    account: str = ""
    present: str = ""
    left: bool = False

    def __str__(self) -> str:
        """One sentence: what lies where."""
        under = f"the appid {self.appid}" if self.appid else "an appid that is not known"
        if not self.present:
            return f"bindings of the site {self.site} lie under {under}, and there is no such site or account any more"
        return f"bindings of the site {self.site} lie under {under}, and the account {self.account} has {self.present}"


class BindingsElsewhere(CodesvcError):
    """Bindings lie under another appid than their account has. The text says which, what it means and what to do."""


async def find_misplaced(store: Store, directory: Directory, *, sites: Iterable[str] | None = None) -> list[Misplaced]:
    """All bindings that no account can use; `sites` limits the search to these."""
    await binding_accounts.adopt(store, lambda site, partition: _appid_in(directory, site, partition))
    wanted = None if sites is None else set(sites)
    found = []
    for partition, appids in (await binding_accounts.read(store)).items():
        for site, noted in sorted(appids.items(), key=lambda each: each[0]):
            if wanted is not None and site not in wanted:
                continue
            (account, present), appid = directory.account_of(site), noted.appid
            if noted.moved_from and present in {appid, noted.moved_from}:
                # This note stops processes that still use the old appid. The appid under which the bindings lie now has
                # a note of its own.
                continue
            if (appid == present and appid) or (not present and directory.was_removed(site)):
                continue
            if noted.moving or await binding_accounts.has_bindings(store, partition, site):
                left = directory.has_left(site, appid)
                found.append(Misplaced(site, appid, partition, account, present, left))
            else:
                # Its last binding there has been removed since, so the note goes. The next binding notes its appid.
                await binding_accounts.note(store, partition, site, None)
    return found


async def require_in_place(
    store: Store, directory: Directory, *, sites: Iterable[str] | None = None
) -> list[Misplaced]:
    """Refuse if a site that exists has bindings under another appid. Returns what refuses nothing.

    That is what a site has left behind that no longer exists; and, unless it is one of `sites`, a site that has left
    the account: no change of the configuration has caused it, so it does not keep all other sites from a start.

    Raises:
        BindingsElsewhere: there are some.
    """
    found = await find_misplaced(store, directory, sites=sites)
    elsewhere = [each for each in found if each.present and (sites is not None or not each.left)]
    if elsewhere:
        raise BindingsElsewhere(explained(elsewhere))
    return found


async def has_left_bindings(store: Store, site: str) -> bool:
    """Whether bindings lie under the name of a site, under whatever appid."""
    for partition, appids in (await binding_accounts.read(store)).items():
        noted = appids.get(site)
        if noted is not None and (noted.moving or await binding_accounts.has_bindings(store, partition, site)):
            return True
    return False


async def require_under(store: Store, site: str, appid: str) -> None:
    """Refuse if bindings under the name of a site lie under another appid than the one that it is going to have.

    Raises:
        BindingsElsewhere: there are some.
    """
    for partition, appids in (await binding_accounts.read(store)).items():
        noted = appids.get(site, binding_accounts.Noted(appid))
        if noted.appid != appid and (noted.moving or await binding_accounts.has_bindings(store, partition, site)):
            raise BindingsElsewhere(
                f"bindings under the name {site} lie under the appid {noted.appid}, and this account has {appid}; take "
                "an account with that appid, or another name"
            )


def explained(elsewhere: Iterable[Misplaced]) -> str:
    """The misplaced bindings and their places, what that means, and what to do."""
    misplaced = list(elsewhere)
    lines = [str(each) for each in misplaced[:2]]
    if len(misplaced) > len(lines):
        lines.append(f"{len(misplaced) - len(lines)} more sites, too")
    return f"{'; '.join(lines)}: all these people would read as not bound. {remedy(misplaced)}"


def remedy(elsewhere: Iterable[Misplaced]) -> str:
    """What to do about bindings under another appid."""
    appid = next((each.appid for each in elsewhere if each.appid), "OLD_APPID")
    return (
        "Put the old appid back; or, if WeChat has moved the account, convert them: "
        f"codesvc bindings move --from-appid {appid} --config FILE (docs/en/bindings.md)"
    )


def _appid_in(directory: Directory, site: str, partition: int) -> str:
    _, appid = directory.account_of(site)
    return appid if appid and partition_of(appid) == partition else binding_accounts.NOT_KNOWN
