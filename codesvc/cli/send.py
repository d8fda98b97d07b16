"""`codesvc send`: starts one verification and follows its delivery until the receipt.

It starts the verification as a website does, over the running service's HTTP API with the site's key. This tests the
proxy, the key, the limits and the worker too, and no second service opens the store. The state is then read from the
store, if this machine can reach it: the API does not disclose a hidden delivery (DESIGN rule 7), but an operator may
see it. The command never asks for the code and never shows it.
"""

from __future__ import annotations

import asyncio
import functools
import os
import sys
import unicodedata
from contextlib import AsyncExitStack, suppress
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final

import aiohttp

from codesvc.cli.follow import ApiReader, Snapshot, StoreReader, open_store
from codesvc.cli.sending_key import ForeignKey, NoKey, given_key, key_for_one_run
from codesvc.config import ConfigError, load
from codesvc.config.api_keys import hash_line
from codesvc.domain.account_kinds import Right
from codesvc.domain.channels import Channel
from codesvc.domain.errors import CodesvcError, in_words
from codesvc.domain.verification import DeliveryStatus, Status
from codesvc.runtime import http_server
from codesvc.runtime.bounded_answers import BoundedConnector
from codesvc.runtime.qr_code import draw_lines
from codesvc.service.operators.account_state import read_token_trouble
from codesvc.sites.registry.reading import configured_directory, read_directory

if TYPE_CHECKING:
    import argparse
    from collections.abc import Awaitable, Callable

    from codesvc.config import Settings
    from codesvc.sites.directory import Directory
    from codesvc.sites.entries import AccountEntry, SiteEntry
    from codesvc.store.store import Store

_TIMEOUT: Final = aiohttp.ClientTimeout(total=10)
_POLL_SECONDS: Final = 0.25
_REPEAT_SECONDS: Final = 5.0
"""How often an unchanged state is printed again while the command waits."""
_KEY_TRIES: Final = 20
"""How often a call is tried with a new key, with _POLL_SECONDS between two tries."""
_UNAUTHORIZED: Final = 401
_MOST_NAMED: Final = 20


class Exit(IntEnum):
    """Exit statuses of `codesvc send`."""

    ARRIVED = 0
    """The code was delivered, or was sent by a channel that has no receipts, or the verification was approved."""
    FAILED = 1
    USAGE = 2
    NO_RECEIPT = 3
    """No result before `--wait` was over."""


class UnknownSite(CodesvcError):
    """There is no site of the given name."""


class Refused(CodesvcError):
    """The service refused the call; the text is that of its problem document."""


class UnknownKey(Refused):
    """The service does not know the key."""


def run(arguments: argparse.Namespace) -> int:
    """Start a verification and follow it; returns the exit status."""
    try:
        settings = load(arguments.config, os.environ)
    except ConfigError as error:
        return _complain(str(error), Exit.USAGE)
    try:
        return http_server.run(_send(arguments, settings))
    except (ForeignKey, NoKey, UnknownSite) as error:
        return _complain(str(error), Exit.USAGE)
    except (CodesvcError, aiohttp.ClientError) as error:
        # aiohttp's error texts contain the host, but no headers and so no key.
        return _complain(str(error) or type(error).__name__, Exit.FAILED)
    except (TimeoutError, OSError) as error:
        return _complain(in_words(error) or type(error).__name__, Exit.FAILED)


async def _directory(store: Store | None, settings: Settings) -> Directory:
    """The sites of the configuration, and of the store where it can be reached."""
    return configured_directory(settings) if store is None else await read_directory(store, settings)


def _site(directory: Directory, name: str, *, complete: bool) -> SiteEntry:
    """The site of that name; `complete`: the directory has the sites of the store.

    Raises:
        UnknownSite: there is none.
    """
    site = directory.sites.get(name)
    if site is None:
        away = ", and those set up at run time, which are in the store, which this machine cannot reach"
        known = ", ".join(sorted(directory.sites)[:_MOST_NAMED])
        raise UnknownSite(f"there is no site {name}; known are {known}{'' if complete else away}")
    return site


async def _send(arguments: argparse.Namespace, settings: Settings) -> int:
    url = (arguments.url or settings.service.public_url).rstrip("/")
    async with AsyncExitStack() as stack:
        store = await open_store(stack, settings)
        directory = await _directory(store, settings)
        complete = store is not None
        site = _site(directory, arguments.site, complete=complete)
        key = given_key(arguments, directory, complete=complete)
        if not key:
            key = await key_for_one_run(stack, store, settings, arguments.site)
            _say("no key was given, so one was created for this run; it will be removed afterwards")
        headers = {"Authorization": f"Bearer {key}"}
        http = await stack.enter_async_context(
            aiohttp.ClientSession(
                connector=BoundedConnector(),
                headers=headers,
                timeout=_TIMEOUT,
            )
        )
        body = {"purpose": arguments.purpose, "user": unicodedata.normalize("NFC", arguments.user)}
        if site.config.client_ip == "required" or arguments.client_ip:
            body["client_ip"] = arguments.client_ip or "127.0.0.1"
        start = functools.partial(_ask, http, "POST", f"{url}/v1/verifications", body)
        may_be_new = store is not None and hash_line(key) not in {known.hash for known in site.config.keys}
        started = await (_call_with_new_key(start) if may_be_new else start())
        path = f"{url}/v1/verifications/{started['id']}"
        _say(f"started {started['id']}, reference {started['reference']}, valid until {started['expires_at']}")
        scans = site.account.config.may(Right.QR_CODES)
        watch: StoreReader | ApiReader
        if store is None:
            _say("this machine cannot reach the store, so the API is used; it hides undisclosed deliveries (rule 7)")
            watch = ApiReader(lambda: _ask(http, "GET", path))
        else:
            watch = StoreReader(store, site, started["id"])
            await _say_account_state(store, site.account)
        return await _follow(arguments.wait, watch, lambda: _show_scan(http, path, started, scans=scans))


async def _call_with_new_key(call: Callable[[], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
    """Make a call with a new key. Repeats it while the key is unknown: each process reads new keys within a second.

    Raises:
        Refused: the call is refused for another reason, or the key is still unknown after about 5 s.
    """
    for _ in range(_KEY_TRIES):
        with suppress(UnknownKey):
            return await call()
        await asyncio.sleep(_POLL_SECONDS)
    return await call()


async def _say_account_state(store: Store, account: AccountEntry) -> None:
    """Print why nothing can be sent, if the account has no access token."""
    trouble = await read_token_trouble(store, account)
    if trouble is not None:
        _say(f"accounts.{account.name}: {trouble.means}")


async def _follow(
    wait: float,
    watch: StoreReader | ApiReader,
    show_scan: Any,
    *,
    poll_seconds: float = _POLL_SECONDS,
    repeat_seconds: float = _REPEAT_SECONDS,
) -> int:
    """Print each change until the end. Before there is a QR code, a state that stays is repeated now and then."""
    clock = asyncio.get_running_loop().time
    deadline, printed_at, printed = clock() + wait, clock(), ""
    scan_shown, explained = False, ""
    while True:
        seen = await watch.look()
        words = describe(seen)
        # After the QR code was shown, print nothing until the state changes, so that the code stays in view.
        if words != printed or (not scan_shown and clock() - printed_at > repeat_seconds):
            _say(f"{words}{_age(seen)}")
            printed, printed_at = words, clock()
        if (meaning := explain(seen)) and meaning != explained:
            _say(f"  -> {meaning}")
            explained = meaning
        if seen.wants_scan and not scan_shown:
            await show_scan()
            scan_shown = True
        end = judge(seen)
        if end is None and clock() > deadline:
            _say(f"no result within {wait:g} s; the verification continues without this command")
            end = Exit.NO_RECEIPT
        if end is not None:
            return int(end)
        await asyncio.sleep(poll_seconds)


def describe(seen: Snapshot) -> str:
    """A state in a few words."""
    if seen.status is not Status.PENDING:
        return f"the verification is {seen.status}"
    reason = f" ({seen.reason})" if seen.reason else ""
    match seen.delivery:
        case DeliveryStatus.SENT if Channel(seen.channel).traits.receipt:
            return "sent: WeChat accepted it; no receipt yet"
        case DeliveryStatus.SENT:
            return f"sent by {seen.channel}: this channel has no receipts"
        case DeliveryStatus.DELIVERED:
            return "delivered: WeChat reports that it reached the phone"
        case DeliveryStatus.UNKNOWN:
            return f"unknown{reason}: WeChat did not answer; the service retries with the same client_msg_id"
        case DeliveryStatus.AWAITING_SCAN:
            return f"waiting for a scan or the keyword{reason}"
        case None:
            return "pending: the API does not disclose more for this purpose"
        case _:
            return f"{seen.delivery}{reason}"


def explain(seen: Snapshot) -> str:
    """An explanation for a user without a binding, with what to do; "" for every other state."""
    if seen.delivery is DeliveryStatus.AWAITING_SCAN and seen.reason in {"", "no-binding"}:
        return (
            "nothing was pushed: no WeChat account is bound to this user yet, as with every new user, or the account "
            "has no template; scan the QR code, or send the keyword, to get the code"
        )
    if seen.delivery is DeliveryStatus.FAILED and seen.reason == "no-binding":
        return (
            "no WeChat account is bound to this user of this site, so no push is possible, and this purpose does not "
            "accept scans by an unbound WeChat account; try --purpose register, or bind the user first "
            "(docs/en/bindings.md)"
        )
    return ""


def judge(seen: Snapshot) -> Exit | None:
    """The exit status, or None while the state may still change."""
    if seen.status is Status.APPROVED or seen.delivery is DeliveryStatus.DELIVERED:
        return Exit.ARRIVED
    if seen.status is not Status.PENDING or seen.delivery is DeliveryStatus.FAILED:
        return Exit.FAILED
    if seen.delivery is DeliveryStatus.SENT and not Channel(seen.channel).traits.receipt:
        return Exit.ARRIVED
    return None


async def _show_scan(http: aiohttp.ClientSession, path: str, started: dict[str, Any], *, scans: bool) -> None:
    if not scans:
        _say("send this keyword to the account, because accounts of its kind have no QR codes with parameters:")
        _say(f"    {started['scan']['keyword']}")
        return
    scan = await _ask(http, "GET", f"{path}/scan")
    if sys.stdout.isatty():
        _say(draw_lines(scan["url"]))
    _say(f"scan {scan['url']}, or send this keyword to the account:")
    _say(f"    {scan['keyword']}")


async def _ask(http: aiohttp.ClientSession, method: str, url: str, body: Any = None) -> dict[str, Any]:
    """Make one call.

    Raises:
        Refused: the service answered with a problem document, or another server answered.
    """
    async with http.request(method, url, json=body, allow_redirects=False) as response:
        if "json" not in response.content_type:
            raise Refused(f"{url} answered {response.status}, but not in this service's format; check --url")
        answer: dict[str, Any] = await response.json(content_type=None)
    if not response.ok:
        kind = UnknownKey if response.status == _UNAUTHORIZED else Refused
        raise kind(f"{response.status} {answer.get('title')}: {answer.get('detail')}")
    return answer


def _age(seen: Snapshot) -> str:
    return f" ({seen.age_seconds:.0f} s)" if seen.age_seconds is not None else ""


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _complain(text: str, status: Exit) -> int:
    sys.stderr.write(f"codesvc send: {text}\n")
    return int(status)
