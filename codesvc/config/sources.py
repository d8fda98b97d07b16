"""Sources of secrets: a value in the file, a file of its own, or the environment. A secret may have only one source.

The environment variable of a secret is its path in upper case: `accounts.main.secret` is
`CODESVC_ACCOUNTS_MAIN_SECRET`. An empty value or variable counts as not given.

A picture that is given as a file is read in the same step.
"""

import os
import shlex
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from codesvc.config.account_settings import Account
from codesvc.config.faults import Fault, UnfitError, kind_of
from codesvc.config.files import one_secret, read_picture, read_secret, replaceable
from codesvc.config.oidc_settings import OidcKeys
from codesvc.config.relay_settings import GATEWAY_TABLES, Inbound
from codesvc.config.service_settings import Service
from codesvc.config.settings import Secrets, Store, Webhook
from codesvc.config.structure import options, required, secret_options
from codesvc.config.values import Refused
from codesvc.domain.logo import MOST_BYTES, MOST_QR_BYTES, UnfitLogo, data_url
from codesvc.domain.text_encoding import is_text

_LISTS = frozenset({"previous_master_keys", "secrets"})  # several, separated by white space in a file or variable


def variable(*path: str) -> str:
    """The environment variable of the secret at `path`."""
    return "_".join(("CODESVC", *path)).upper().replace("-", "_")


@dataclass(slots=True)
class Sources:
    """Looks up secrets.

    Attributes:
        directory: the directory that file names in the configuration are relative to.
        data_dir: no secret may be inside it, because a copy of the data must not include the key (DESIGN rule 1).
        notices: collects warnings about valid settings.
        inline: collects the paths of secrets that were given by value.
    """

    env: Mapping[str, str]
    directory: Path
    data_dir: Path
    notices: list[Fault] = field(default_factory=list)
    inline: list[tuple[str, ...]] = field(default_factory=list)
    _owners: set[int] = field(default_factory=lambda: {0, os.geteuid()})
    _looked_at: set[Path] = field(default_factory=set)
    _chown: str = "chown USER"
    _meant: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def filled(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """A copy of `data` with every secret filled in, or a `Refused` for a secret that could not be read."""
        full = dict(data)
        for name, cls in (("store", Store), ("secrets", Secrets), ("oidc", OidcKeys)):
            full[name] = self._table(full.get(name, {}), cls, name)
        if "service" in full:
            full["service"] = self._table(full["service"], Service, "service")
        accounts = full.get("accounts")
        if isinstance(accounts, Mapping):
            full["accounts"] = {
                name: self._account(account, "accounts", str(name)) for name, account in accounts.items()
            }
        sites = full.get("sites")
        if isinstance(sites, Mapping):
            full["sites"] = {name: self._site(site, str(name)) for name, site in sites.items()}
        return full

    def _account(self, account: object, *path: str) -> object:
        full = self._table(account, Account, *path)
        if isinstance(full, dict) and isinstance(full.get("qr_picture"), str):
            full["qr_picture"] = self._picture(full["qr_picture"], MOST_QR_BYTES)
        return full

    def _site(self, site: object, name: str) -> object:
        if not isinstance(site, Mapping):
            return site
        full = dict(site)
        if "webhook" in full:
            full["webhook"] = self._table(full["webhook"], Webhook, "sites", name, "webhook")
        gateways = full.get("gateways")
        if isinstance(gateways, Mapping):
            full["gateways"] = {
                str(key): self._gateway(gateway, "sites", name, "gateways", str(key))
                for key, gateway in gateways.items()
            }
        inbound = full.get("inbound")
        if isinstance(inbound, Mapping):
            full["inbound"] = {
                str(key): self._table(source, Inbound, "sites", name, "inbound", str(key))
                for key, source in inbound.items()
            }
        brand = full.get("brand")
        if isinstance(brand, Mapping) and isinstance(brand.get("logo"), str):
            full["brand"] = {**brand, "logo": self._picture(brand["logo"], MOST_BYTES)}
        return full

    def _gateway(self, gateway: object, *path: str) -> object:
        if not isinstance(gateway, Mapping):
            return gateway
        return {
            kind: self._table(table, GATEWAY_TABLES[kind], *path, kind) if kind in GATEWAY_TABLES else table
            for kind, table in gateway.items()
        }

    def _picture(self, given: str, most: int) -> object:
        """The picture as a data URL, read from its file if `given` names one, so that workers need no file."""
        if ":" in given:
            return given
        try:
            return data_url(read_picture(self.directory / given, most), most)
        except (UnfitError, UnfitLogo) as error:
            return Refused(str(error))

    def read_beside(self, path: Path) -> None:
        """Secrets are those of this configuration file: who owns it may own them. Its own owner is judged first."""
        with suppress(OSError):  # gone in the meantime
            owner = path.stat().st_uid
            if os.geteuid() == 0:
                self._owners.add(owner)  # root looks after what belongs to the service
            self._look_at(path, self._chown)
            self._owners.add(owner)
            self._chown = f"chown -h --reference={shlex.quote(str(path))}"

    def _look_at(self, file: Path, chown: str) -> None:
        """Note who else could change a file, or put another in its place."""
        with suppress(OSError):  # gone in the meantime
            for place, said, owned in replaceable(file, self._owners):
                if place not in self._looked_at:
                    self._looked_at.add(place)
                    remedy = f"{chown if owned else 'chmod o-w'} {shlex.quote(str(place))}"
                    self.notices.append(Fault((), f"{place} {said}", remedy))

    def _table(self, table: object, cls: type, *path: str) -> object:
        if not isinstance(table, Mapping):
            return table
        full = dict(table)
        for name in secret_options(cls):
            file, value = full.pop(f"{name}_file", None), full.pop(name, None)
            found = self._found(value, file, *path, name)
            if found is not None:
                full[name] = found
            elif required(options(cls)[name]):
                full[name] = Refused(
                    f"is missing; set it, name a file with {name}_file, or set {variable(*path, name)}"
                )
        return full

    def _found(self, value: object, file: object, *path: str) -> object:
        """The secret at `path`: unchecked text, a `Refused`, or None if no source has it."""
        name = variable(*path)
        words = self.env.get(name, "").strip()
        ways = {"a value": value not in (None, ""), f"{path[-1]}_file": file is not None, f"${name}": bool(words)}
        given = [way for way, used in ways.items() if used]
        if not is_text(words):
            return Refused(f"${name} is not UTF-8 text")
        if len(given) > 1:
            return Refused(f"is set more than once, by {' and '.join(given)}; keep one")
        if words and self._meant.setdefault(name, path) != path:
            return Refused(f"is matched by ${name}, and so is {'.'.join(self._meant[name])}; rename one")
        if not given:
            return None
        if file is not None:
            try:
                words = self._file_words(file, path)
            except UnfitError as error:
                return Refused(f"{path[-1]}_file {error}")
        elif not words:
            self.inline.append(path)
        try:
            return _clean(value) if file is None and not words else _split(words, path)
        except UnfitError as error:
            return Refused(str(error))

    def _file_words(self, raw: object, path: tuple[str, ...]) -> str:
        if not isinstance(raw, str) or not raw or "\0" in raw:
            raise UnfitError(f"must be the name of a file, not {kind_of(raw)}")
        if not is_text(raw):
            raise UnfitError("is not a valid file name")
        file = self.directory / raw
        if file.resolve().is_relative_to(self.data_dir.resolve()):
            raise UnfitError("is inside store.data_dir; keep secrets apart from the data they protect")
        words, exposed = read_secret(file)
        self._look_at(file, self._chown)
        if exposed:
            where, said = (*path[:-1], f"{path[-1]}_file"), "can be read by every user of the machine"
            self.notices.append(Fault(where, said, f"chmod 600 {shlex.quote(str(file))}"))
        return words


def _split(words: str, path: tuple[str, ...]) -> object:
    return tuple(map(one_secret, words.split())) if path[-1] in _LISTS else one_secret(words)


def _clean(value: object) -> object:
    """A value of the file; one that stands in quotes once more is refused, blanks are for the option's own rule."""
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, str):
            one_secret(each)
    return value
