"""Moves the bindings of an account to its new appid, after WeChat has moved the account (账号迁移).

WeChat says which openid each person has now (`changeopenid`, KINDS.md 9), for 15 days, 100 in a call. A binding is
complete under the new appid before it goes from the old one, so the move may be interrupted anywhere and continues with
what still lies under the old appid.

People without a successor (who did not follow when WeChat moved the account) keep a binding that is void: the site sees
whom it has to bind anew, and nobody has to take a binding away first. They are listed in the report.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING, Final

import msgspec

from codesvc.domain.audit import AuditAct
from codesvc.domain.errors import CodesvcError
from codesvc.domain.test_identity import is_test_openid
from codesvc.runtime.private_files import open_private, read_private, replace_private
from codesvc.runtime.progress import Progress
from codesvc.store import binding_accounts
from codesvc.store.account_move import AccountMove
from codesvc.store.keys import Keys
from codesvc.wechat.bulk_calls import MOST

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from pathlib import Path
    from typing import IO

    from codesvc.sites.directory import AccountEntry, Directory
    from codesvc.store.account_move import Lying
    from codesvc.store.store import Store
    from codesvc.wechat.bulk_calls import BulkCalls

_WHY: Final = {
    "void": "WeChat has no new openid for this one",
    "wechat": "the new openid belongs to another user of the site",
    "user": "the user has been bound again under the new appid; that binding stays",
}
"""What the report says of a binding that was not simply converted."""


class BindingsMove:
    """One move of an account's bindings.

    Args:
        account: the account, with its new appid.
        old: the old appid.
        sites: the sites whose bindings lie under the old appid.
        report: where to list the bindings that have no successor. While the move runs it is called `REPORT.part`.
        calls: asks WeChat for successors; None: nobody has one.
        names: what WeChat may call the old account.
    """

    def __init__(
        self,
        store: Store,
        directory: Directory,
        account: AccountEntry,
        *,
        old: str,
        sites: Sequence[str],
        report: Path,
        calls: BulkCalls | None,
        names: Sequence[str],
    ) -> None:
        self._store = store
        self._many = {
            name: (site := directory.sites.get(name)) is not None and site.config.users_per_wechat == "many"
            for name in sites
        }
        self._old, self._account, self._sites = old, account, list(sites)
        self._moving = AccountMove(store, Keys(store.prefix, old), account.store_keys)
        self._report, self._part = report, report.with_name(report.name + ".part")
        self._calls, self._names = calls, names
        self.counts: Counter[str] = Counter()
        """Bindings by result: moved, void, wechat, user, same."""

    async def try_out(self) -> None:
        """Only ask WeChat for the successors: `counts` says how many there are. Nothing changes."""
        progress, seen = Progress(0), 0
        async for batch in self._batches():
            successors = await self._successors(batch)
            self.counts.update("moved" if successors[each.openid] else "void" for each in batch)
            seen += len(batch)
            progress.show(0, seen, f", {self.counts['void']} without a successor")
        progress.show(0, seen, last=True)

    async def run(self, *, resume: bool) -> None:
        """Move everything that lies under the old appid.

        Args:
            resume: go on with a move that was interrupted.

        Raises:
            CodesvcError: there is one, and `resume` is not set.
            WeChatFault: WeChat does not name the successors. Bindings that were moved stay moved.
            RedisError, StoreUnavailable: the store does not answer. Bindings that were moved stay moved.
            OSError: the report cannot be written.
        """
        if self._part.exists() and not resume:
            raise CodesvcError(
                f"a move was interrupted, as {self._part} shows; --resume continues it. Nothing was done"
            )
        listed, old = self._listed(), Keys(self._store.prefix, self._old)
        for site in self._sites:
            await binding_accounts.note(self._store, old.partition, site, self._old, moving=True)
        try:
            # A move that is interrupted has changed bindings, too.
            for site in self._sites or [""]:
                await self._note(site, "begun: all bindings")
            with open_private(self._part, append=True) as report:
                # A service of an earlier version that still runs under the old appid may bind a person meanwhile.
                # A service of this version is refused since the note above.
                while await self._pass(report, listed):
                    pass
        except BaseException:
            if not await self._moving.has_begun(self._sites):
                # Nothing has been moved, so there is nothing to go on with, and the old appid's service goes on.
                self._part.unlink(missing_ok=True)
                for site in self._sites:
                    await binding_accounts.note(self._store, old.partition, site, self._old)
            raise
        await self._keep_subjects()
        await self._moving.move_rest(self._sites)
        await self._finish()
        if self._part.stat().st_size:
            self._part.replace(self._report)
        else:
            self._part.unlink()

    async def _pass(self, report: IO[str], listed: set[tuple[str, str]]) -> int:
        progress, seen = Progress(0), 0
        async for batch in self._batches():
            successors = await self._successors(batch)
            lost = [each for each in batch if not successors[each.openid]]
            # Before the binding changes: what is listed twice does no harm, what is not listed cannot be found again.
            self._list(report, listed, lost, "void")
            taken = await self._moving.take_in(batch, successors, many=self._many)
            self.counts.update(taken.verdicts)
            for verdict in ("wechat", "user"):
                found = [each for each, word in zip(batch, taken.verdicts, strict=True) if word == verdict]
                self._list(report, listed, found, verdict)
            await self._moving.let_go(batch)
            seen += len(batch)
            progress.show(0, seen, f", {len(listed)} in the report")
        progress.show(0, seen, last=True)
        return seen

    async def _keep_subjects(self) -> None:
        """Relying parties go on knowing people by the same subject, also people whom no site has bound."""
        async for openids in self._moving.known_to_apps():
            for start in range(0, len(openids), MOST):
                await self._moving.keep_subjects(await self._asked(openids[start : start + MOST]))

    async def _finish(self) -> None:
        """Note under which appid the bindings lie from now on."""
        keys = self._account.store_keys
        for site in self._sites:
            appid, old = self._account.config.appid, Keys(self._store.prefix, self._old)
            if not self._moving.inside:
                await binding_accounts.note(self._store, keys.partition, site, appid)
            # A process that still uses the old appid is refused. It finds no bindings there, and must not decide as
            # if the users had none.
            await binding_accounts.note(self._store, old.partition, site, appid, moved_from=self._old)
        for site in self._sites or [""]:
            await self._note(site, "done: all bindings")

    async def _note(self, site: str, what: str) -> None:
        """One line of the audit log for a site; `site` is "" where only relying parties know people."""
        await self._store.audit.note(
            self._account.store_keys.partition,
            actor="cli",
            act=AuditAct.BINDING_MOVED.value,
            site=site,
            user="",
            reason=f"{what}, from {self._old} to {self._account.config.appid}",
            detail="migration",
        )

    async def _batches(self) -> AsyncIterator[list[Lying]]:
        """Everything that lies under the old appid, with at most as many openids as go into one call."""
        waiting: list[Lying] = []
        openids: set[str] = set()
        async for found in self._moving.lying(self._sites):
            for each in found:
                if len(openids | {each.openid}) > MOST:
                    yield waiting
                    waiting, openids = [], set()
                waiting.append(each)
                openids.add(each.openid)
        if waiting:
            yield waiting

    async def _successors(self, batch: Sequence[Lying]) -> Mapping[str, str]:
        return await self._asked(list(dict.fromkeys(each.openid for each in batch)))

    async def _asked(self, openids: Sequence[str]) -> dict[str, str]:
        """The openid of each of these people under the new appid; "" for none."""
        # A test identity has no WeChat account, so it keeps its openid.
        found = {openid: openid if is_test_openid(openid) else "" for openid in openids}
        asked = [openid for openid in openids if not is_test_openid(openid)]
        if self._calls is not None and asked:
            found |= await self._calls.successors(asked, old=self._names)
        return found

    def _listed(self) -> set[tuple[str, str]]:
        """What the report already lists: of the move that was interrupted, or of an earlier one.

        Raises:
            OSError: another user may have laid it there, so that bindings were not listed.
        """
        earlier = self._part if self._part.exists() else self._report
        try:
            lines = read_private(earlier).splitlines(keepends=True)
        except FileNotFoundError:
            return set()
        # A line without its end was cut off by the interruption.
        whole = [line for line in lines if line.endswith(b"\n")]
        replace_private(self._part, b"".join(whole).decode())
        self._report.unlink(missing_ok=True)
        rows = [msgspec.json.decode(line, type=dict[str, str]) for line in whole]
        return {(row["site"], row["user"]) for row in rows}

    def _list(self, report: IO[str], listed: set[tuple[str, str]], rows: Sequence[Lying], why: str) -> None:
        for each in rows:
            if (each.site, each.user) not in listed:
                listed.add((each.site, each.user))
                line = {"site": each.site, "user": each.user, "openid": each.openid, "why": _WHY[why]}
                report.write(msgspec.json.encode(line).decode() + "\n")
        if rows:
            report.flush()
            os.fsync(report.fileno())
