"""The store's address. `codesvc.store.connection` opens it.

    redis://[USER:PASSWORD@]HOST[:PORT][/DB]                 one server; rediss:// by TLS, unix:///PATH by a socket
    redis+cluster://[USER:PASSWORD@]HOST[:PORT][,HOST…]      some nodes of a cluster, which know the other nodes
    redis+sentinel://[USER:PASSWORD@]HOST[:PORT][,HOST…]/SERVICE[/DB]   Sentinels, and their name for the primary

`rediss+cluster` and `rediss+sentinel` mean TLS. The query contains options of redis-py (`ssl_ca_certs=…`). USER and
PASSWORD are for the data servers. Sentinels with a login of their own use `sentinel_username` and `sentinel_password`
of the query.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

SCHEMES: Final = (
    "redis",
    "rediss",
    "unix",
    "redis+sentinel",
    "rediss+sentinel",
    "redis+cluster",
    "rediss+cluster",
)
_PORTS: Final = {"cluster": 6379, "sentinel": 26379}


class Topology(StrEnum):
    """How the server that holds a key is found."""

    SERVER = "server"
    CLUSTER = "cluster"
    SENTINEL = "sentinel"


@dataclass(frozen=True, slots=True, repr=False)
class StoreAddress:
    """A parsed address. It may contain passwords, so it has no `repr`; `shown` is safe to print.

    Attributes:
        way: how the server is found.
        url: the address for redis-py: of the server, or a pattern with login and options for each of several servers.
        hosts: nodes of a cluster, or Sentinels; empty for one server.
        service: the Sentinels' name for the primary, "" if none.
        sentinel_login: user and password for the Sentinels themselves, "" if none.
        shown: the location, without login and options.
    """

    way: Topology
    url: str
    hosts: tuple[tuple[str, int], ...] = ()
    service: str = ""
    sentinel_login: tuple[str, str] = ("", "")
    shown: str = ""

    @classmethod
    def parse(cls, text: str) -> StoreAddress:
        """Parse an address.

        Raises:
            ValueError: it is not valid. The text gives the reason and contains nothing of the address.
        """
        scheme, separator, rest = text.partition("://")
        if not separator or scheme not in SCHEMES:
            raise ValueError(f"must begin with one of {', '.join(f'{name}://' for name in SCHEMES)}")
        body, _, query = rest.partition("?")
        location, _, path = body.partition("/")
        login, _, hosts = location.rpartition("@")
        if scheme == "unix":
            if not path:
                raise ValueError("must have the socket's path, as in unix:///run/valkey.sock")
            return cls(Topology.SERVER, text, shown=unquote(f"/{path}"))
        if not hosts:
            raise ValueError("must have a host")
        plain, _, kind = scheme.partition("+")
        if not kind:
            return cls(Topology.SERVER, text, shown=hosts)
        way = Topology(kind)
        service, _, database = path.partition("/") if way is Topology.SENTINEL else ("", "", path)
        if way is Topology.CLUSTER and database not in {"", "0"}:
            raise ValueError("must not have a database number: a cluster has only one database")
        if way is Topology.SENTINEL and not service:
            raise ValueError(
                "must end with the Sentinels' name for the primary, as in redis+sentinel://host:26379/mymaster"
            )
        options = dict(parse_qsl(query))
        user, password = options.pop("sentinel_username", ""), options.pop("sentinel_password", "")
        at = f"{login}@" if login else ""
        return cls(
            way,
            # The host is a placeholder: discovery replaces it.
            f"{plain}://{at}host/{database or 0}{'?' if options else ''}{urlencode(options)}",
            hosts=tuple(_host(each, _PORTS[kind]) for each in hosts.split(",")),
            service=unquote(service),
            sentinel_login=(user, password),
            shown=f"{hosts}/{service}" if service else hosts,
        )


def _host(text: str, port: int) -> tuple[str, int]:
    """Parse `host`, `host:port` or `[::1]:port`."""
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname or "", parts.port or port
    except ValueError:
        host = ""
    if not host or parts.path:
        raise ValueError("must list its hosts as HOST:PORT, separated by commas without spaces")
    return host, port
