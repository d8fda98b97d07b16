"""`codesvc oidc …`: relying parties and signing keys of the OpenID Provider, in the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codesvc.cli.tables import print_table, table_in
from codesvc.domain.clock import rfc3339, unix_ms
from codesvc.domain.errors import CodesvcError
from codesvc.domain.service_address import ServiceAddress
from codesvc.service.oidc_administration import OidcAdministration
from codesvc.sites.relying_parties import RelyingParties

if TYPE_CHECKING:
    import argparse

    from codesvc.config import Settings
    from codesvc.sites.directory import Directory
    from codesvc.sites.registry.registry import Registry

_BY: Final = "cli"


async def run(arguments: argparse.Namespace, settings: Settings, directory: Directory, registry: Registry) -> None:
    """Run the command.

    Raises:
        CodesvcError: it failed.
    """
    parties = RelyingParties(settings, directory, registry)
    office = OidcAdministration(parties)
    match arguments.act:
        case "rotate":
            await _rotate(parties, new=arguments.new)
        case "clients":
            _list(arguments, parties, directory)
        case "put":
            table = table_in(arguments.file)
            made = await office.put(arguments.site, arguments.id, table, by=_BY, new_secret=arguments.new_secret)
            print(f"{arguments.id} is registered and takes effect within a second. Enter in the app:")
            issuer = ServiceAddress(settings.service.public_url).url(f"/oidc/{arguments.site}")
            print(f"  issuer     {issuer}\n  client id  {arguments.id}")
            if made.secret is not None:
                print(f"  secret     {made.secret}\n             (shown only once)")
        case _:
            await office.remove(arguments.site, arguments.id, by=_BY)
            print(f"{arguments.id} was removed; this takes effect within a second")


async def _rotate(parties: RelyingParties, *, new: bool) -> None:
    keys = await parties.rotate(unix_ms(), by=_BY, new=new)
    rows = [
        (key.alg, key.kid, _state(key is keys.signer(key.alg), key.replaced), rfc3339(key.made)) for key in keys.keys
    ]
    print_table(("algorithm", "key", "state", "made"), rows)
    print("Apps find all of these keys at jwks_uri; a replaced one stays published for a day.")


def _state(signs: bool, replaced: int | None) -> str:  # noqa: FBT001  a fact, not an option
    return "signs" if signs else "next" if replaced is None else "replaced"


def _list(arguments: argparse.Namespace, parties: RelyingParties, directory: Directory) -> None:
    rows = []
    for name in [arguments.site] if arguments.site is not None else sorted(directory.sites):
        site = directory.sites.get(name)
        if site is None:
            raise CodesvcError(f"there is no site {name}")
        for client, kept in parties.clients(site):
            kind = "public" if client.public else "confidential"
            rows.append((name, client.id, client.name.en, kind, kept, " ".join(client.redirect_uris)))
    print_table(("site", "client", "name", "kind", "kept", "redirect addresses"), rows)
