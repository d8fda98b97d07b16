"""Where the store is, as one address. Pure; `codesvc.store.connection` opens what is written here.

    redis://[USER:PASSWORD@]HOST[:PORT][/DB]                 one server; rediss:// by TLS, unix:///PATH by a socket
    redis+cluster://[USER:PASSWORD@]HOST[:PORT][,HOST…]      some nodes of a cluster; these know the others
    redis+sentinel://[USER:PASSWORD@]HOST[:PORT][,HOST…]/SERVICE[/DB]   Sentinels, and their name for the primary

`rediss+cluster` and `rediss+sentinel` mean TLS. What stands behind `?` are redis-py's options (`ssl_ca_certs=…`). USER
and PASSWORD are the data servers'; Sentinels that want a login of their own get it by `sentinel_username` and
`sentinel_password` behind the `?`.
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


class Way(StrEnum):
    """How the server that holds something is found."""

    SERVER = "server"
    CLUSTER = "cluster"
    SENTINEL = "sentinel"


@dataclass(frozen=True, slots=True, repr=False)
class StoreAddress:
    """One address, taken apart. It may hold passwords, so it has no `repr`; `shown` is for people.

    Attributes:
        way: how the server is found.
        url: what redis-py understands: the server, or login and options for each of several.
        hosts: nodes of a cluster, or Sentinels; empty for one server.
        service: the Sentinels' name for the primary, "" for none.
        sentinel_login: user and password of the Sentinels themselves, "" for none.
        shown: where it is, without login and options.
    """

    way: Way
    url: str
    hosts: tuple[tuple[str, int], ...] = ()
    service: str = ""
    sentinel_login: tuple[str, str] = ("", "")
    shown: str = ""

    @classmethod
    def parse(cls, text: str) -> StoreAddress:
        """Take an address apart.

        Raises:
            ValueError: it is none. The text says what is wrong and repeats nothing of the address.
        """
        scheme, separator, rest = text.partition("://")
        if not separator or scheme not in SCHEMES:
            raise ValueError(f"must begin with one of {', '.join(f'{name}://' for name in SCHEMES)}")
        body, _, query = rest.partition("?")
        location, _, path = body.partition("/")
        login, _, hosts = location.rpartition("@")
        if scheme == "unix":
            if not path:
                raise ValueError("must name the socket, as in unix:///run/valkey.sock")
            return cls(Way.SERVER, text, shown=unquote(f"/{path}"))
        if not hosts:
            raise ValueError("must name a host")
        plain, _, kind = scheme.partition("+")
        if not kind:
            return cls(Way.SERVER, text, shown=hosts)
        way = Way(kind)
        service, _, database = path.partition("/") if way is Way.SENTINEL else ("", "", path)
        if way is Way.CLUSTER and database not in {"", "0"}:
            raise ValueError("must name no database: a cluster has only one")
        if way is Way.SENTINEL and not service:
            raise ValueError(
                "must end with the Sentinels' name for the primary, as in redis+sentinel://host:26379/mymaster"
            )
        options = dict(parse_qsl(query))
        user, password = options.pop("sentinel_username", ""), options.pop("sentinel_password", "")
        at = f"{login}@" if login else ""
        return cls(
            way,
            # The host is a stand-in: discovery puts another in its place.
            f"{plain}://{at}host/{database or 0}{'?' if options else ''}{urlencode(options)}",
            hosts=tuple(_host(each, _PORTS[kind]) for each in hosts.split(",")),
            service=unquote(service),
            sentinel_login=(user, password),
            shown=f"{hosts}/{service}" if service else hosts,
        )


def _host(text: str, port: int) -> tuple[str, int]:
    """`host`, `host:port` or `[::1]:port`."""
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname or "", parts.port or port
    except ValueError:
        host = ""
    if not host or parts.path:
        raise ValueError("must list its hosts as HOST:PORT, with commas between and no blanks")
    return host, port
