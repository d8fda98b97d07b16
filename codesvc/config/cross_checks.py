"""Rules between options. Each rule reads options that are valid on their own, and yields faults of their combination.

A rule that reads an option with a known fault ends there (`UnsoundError`), because it cannot judge the combination.
"""

from __future__ import annotations

from contextlib import suppress
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from codesvc.config import callback_checks, kind_checks
from codesvc.config.addresses import WECHAT_API_URLS, WECHAT_OPEN_URLS, covers_much, loopback
from codesvc.config.chat_words import word_faults
from codesvc.config.example_values import is_example
from codesvc.config.faults import Fault, suggestion
from codesvc.config.master_key import REMEDY, weakness
from codesvc.config.oidc_checks import oidc_faults
from codesvc.config.partial import UnsoundError
from codesvc.config.relay_checks import gateway_faults, inbound_faults, relay_faults
from codesvc.domain.listener import parse_listener

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codesvc.config.account_settings import Account
    from codesvc.config.settings import Purpose, Settings, Site, Webhook


_NO_RELAY = (
    "; a relay in between could read the AppSecret, the tokens and the codes. To send from another machine or "
    "address, set service.outbound_proxy: a proxy forwards the encrypted connection"
)


def inconsistencies(settings: Settings) -> Iterator[Fault]:
    """Every fault between options, with its path. Of a `Draft` the valid options are checked."""
    for rule in _rules(settings):
        try:
            yield from rule
        except UnsoundError:
            continue


def _rules(settings: Settings) -> Iterator[Iterator[Fault]]:
    """The rules, as lazy generators: a rule that raises does not stop the others."""
    yield from (
        rule(settings)
        for rule in (_public_url, _proxies, _listener, _master_keys, _strength, _appids, _key_hashes, _examples)
    )
    for name, account in _tables(settings, "accounts"):
        yield from (
            _under(rule(settings, account), "accounts", name)
            for rule in (
                *(_platform, _token_server, _forwarding),
                *(callback_checks.plaintext, callback_checks.aes_key, callback_checks.old_aes_key),
                *(callback_checks.old_token, callback_checks.guessable),
                *(kind_checks.messages, kind_checks.callback),
            )
        )
    for name, site in _tables(settings, "sites"):
        yield from (
            _under(rule(settings, site), "sites", name)
            for rule in (
                *(_site_account, _key_names, _landings, _test_users, kind_checks.site),
                *(_wechat_server_keys, _chat_words, relay_faults),
            )
        )
        for key, gateway in _tables(site, "gateways"):
            yield _under(gateway_faults(settings, gateway), "sites", name, "gateways", key)
        for key, source in _tables(site, "inbound"):
            yield _under(inbound_faults(site, name, source), "sites", name, "inbound", key)
        for webhook in _sound(site, "webhook"):
            if webhook is not None:
                yield _under(_receiver(settings, webhook), "sites", name, "webhook")
        for oidc in _sound(site, "oidc"):
            if oidc is not None:
                yield _under(oidc_faults(settings, oidc), "sites", name, "oidc")
        for key, purpose in _tables(site, "purposes"):
            yield from (
                _under(rule(purpose), "sites", name, "purposes", key) for rule in (_code_lengths, _code_lives, _ways)
            )


def _tables(owner: object, option: str) -> Iterator[tuple[str, Any]]:
    for tables in _sound(owner, option):
        yield from tables.items()


def _under(faults: Iterator[Fault], *path: str) -> Iterator[Fault]:
    for fault in faults:
        yield fault.below(*path)


def _public_url(settings: Settings) -> Iterator[Fault]:
    url = settings.service.public_url
    if settings.mode == "live" and not url.startswith("https://") and not loopback(url):
        yield Fault(("service", "public_url"), 'must be https (only mode = "test" and loopback addresses may be http)')


def _proxies(settings: Settings) -> Iterator[Fault]:
    if covers_much(settings.service.trusted_proxies):
        yield Fault(
            ("service", "trusted_proxies"),
            "covers half of the internet or more, so visitors could forge their addresses and evade every limit by "
            "address; list the networks of your own proxies, such as 127.0.0.1 or 10.0.0.0/8",
        )


def _listener(settings: Settings) -> Iterator[Fault]:
    listen = settings.admin.listen
    if listen is not None and parse_listener(listen).port == settings.service.port:
        yield Fault(("admin", "listen"), "has the same port as service.port; choose one that only operators can reach")


def _master_keys(settings: Settings) -> Iterator[Fault]:
    keys = settings.secrets.previous_master_keys
    if len(set(keys)) < len(keys):
        yield Fault(("secrets", "previous_master_keys"), "has the same key twice")
    if settings.secrets.master_key in keys:
        yield Fault(("secrets", "previous_master_keys"), "contains the current master_key")


def _strength(settings: Settings) -> Iterator[Fault]:
    """A previous key may be weak: after a replacement it is kept for a day."""
    weak = weakness(settings.secrets.master_key.reveal()) if settings.mode == "live" else ""
    if weak:
        yield Fault(("secrets", "master_key"), f"{weak}; codes and signing keys are derived from it: {REMEDY}")


def _examples(settings: Settings) -> Iterator[Fault]:
    if settings.mode != "live":
        return
    said = "is a published example value; make your own with "
    for admin in _sound(settings, "admin"):
        for name, operator in _tables(admin, "operators"):
            for line in _sound(operator, "password"):
                if is_example(line):
                    yield Fault(("admin", "operators", name, "password"), f"{said}`codesvc admin password`")
    for owner, number, key in _keys(settings):
        for line in _sound(key, "hash"):
            if is_example(line):
                whose = owner[1] if owner[0] == "sites" else "--admin"
                yield Fault((*owner, "keys", number, "hash"), f"{said}`codesvc keys new {whose}`")


def _keys(settings: Settings) -> Iterator[tuple[tuple[str, ...], int, Any]]:
    """Every API key, with the path of its owner and its place there."""
    owners: list[tuple[tuple[str, ...], Any]] = [(("sites", name), site) for name, site in _tables(settings, "sites")]
    owners += [(("admin",), admin) for admin in _sound(settings, "admin")]
    for path, owner in owners:
        for keys in _sound(owner, "keys"):
            yield from ((path, number, key) for number, key in enumerate(keys))


def _appids(settings: Settings) -> Iterator[Fault]:
    seen: dict[str, str] = {}
    for name, account in settings.accounts.items():
        for appid in _sound(account, "appid"):
            if seen.setdefault(appid, name) != name:
                yield Fault(("accounts", name, "appid"), f"is also the appid of accounts.{seen[appid]}")


def _key_hashes(settings: Settings) -> Iterator[Fault]:
    seen: dict[str, str] = {}
    for owner, number, key in _keys(settings):
        for digest in _sound(key, "hash"):
            place = f"{'.'.join(owner)}.keys[{number}]"
            if seen.setdefault(digest, place) != place:
                yield Fault((*owner, "keys", number, "hash"), f"is also the hash of {seen[digest]}")


def _platform(settings: Settings, account: Account) -> Iterator[Fault]:
    # DESIGN rule 11: test features never work in live mode, and another platform address is the most powerful of them.
    for option, known in (("api_url", WECHAT_API_URLS), ("open_url", WECHAT_OPEN_URLS)):
        for url in _sound(account, option):
            if settings.mode == "live" and url not in known:
                more = _NO_RELAY if option == "api_url" else ""
                own = " or ".join(sorted(known))
                yield Fault((option,), f'must be WeChat\'s own in mode "live": {own}{more}')


def _token_server(settings: Settings, account: Account) -> Iterator[Fault]:
    if settings.mode == "live" and account.token_source.startswith("http://") and not loopback(account.token_source):
        yield Fault(("token_source",), 'must be https in mode "live": whoever has the token controls the account')


def _forwarding(settings: Settings, account: Account) -> Iterator[Fault]:
    url = account.forward_to
    if settings.mode == "live" and url is not None and url.startswith("http://") and not loopback(url):
        yield Fault(("forward_to",), 'must be https in mode "live" (or a loopback address)')


def _site_account(settings: Settings, site: Site) -> Iterator[Fault]:
    if site.account not in settings.accounts:
        yield Fault(("account",), "is not an account in this file" + suggestion(site.account, settings.accounts))


def _key_names(_: Settings, site: Site) -> Iterator[Fault]:
    seen: set[str] = set()
    for index, key in enumerate(site.keys):
        for name in _sound(key, "name"):
            if name in seen:
                yield Fault(("keys", index, "name"), "is the name of another key of this site")
            seen.add(name)


def _wechat_server_keys(_: Settings, site: Site) -> Iterator[Fault]:
    """A panel's token gives openids away, and stands in the panel's own settings: it may do nothing else."""
    for index, key in enumerate(site.keys):
        for scopes in _sound(key, "scopes"):
            if "wechat_server" in scopes and len(scopes) > 1:
                yield Fault(
                    ("keys", index, "scopes"), "combines wechat_server with other scopes; use a separate key for it"
                )


def _chat_words(settings: Settings, site: Site) -> Iterator[Fault]:
    """Of two sites with one word, the later one is named."""
    yield from word_faults(site, takewhile(lambda named: named[1] is not site, settings.sites.items()))


def _landings(_: Settings, site: Site) -> Iterator[Fault]:
    """The URLs in the chat must be on the site's own origins, otherwise tickets would reach another website."""
    for option in ("bind_url", "reset_url"):
        for url in _sound(site.chat, option):
            if url is not None and not any(url == o or url.startswith(f"{o}/") for o in site.origins):
                yield Fault(("chat", option), "must be on one of the site's origins")


def _test_users(settings: Settings, site: Site) -> Iterator[Fault]:
    # DESIGN rule 11: test features never work in live mode.
    if settings.mode == "live" and site.test_users:
        yield Fault(
            ("test_users",),
            'must be empty in mode "live": anyone who knows such a name can sign in with its fixed code. Remove the '
            'table, or run tests against a separate deployment with mode = "test"',
        )


def _receiver(settings: Settings, webhook: Webhook) -> Iterator[Fault]:
    if settings.mode == "live" and webhook.url.startswith("http://") and not webhook.allow_http:
        yield Fault(
            ("url",),
            'must be https in mode "live"; set allow_http = true to accept that the events can be read in transit',
        )


def _code_lengths(purpose: Purpose) -> Iterator[Fault]:
    if purpose.long_code_length < purpose.code_length:
        yield Fault(("long_code_length",), "is shorter than code_length")


def _code_lives(purpose: Purpose) -> Iterator[Fault]:
    if purpose.code_max_life < purpose.code_life:
        yield Fault(("code_max_life",), "is shorter than code_life")


def _ways(purpose: Purpose) -> Iterator[Fault]:
    if purpose.scan == "off" and not purpose.channels:
        yield Fault(("channels",), 'is empty while scan = "off": no code could ever arrive')


def _sound(table: object, option: str) -> Iterator[Any]:
    """Yield the option if it is valid. For rules that compare many tables and must not stop at the first faulty one."""
    with suppress(UnsoundError):
        yield getattr(table, option)
