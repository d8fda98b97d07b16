"""The service's own address, and the only place that writes an address under it.

`public_url` may have a path: `https://example.com/auth` behind a proxy that removes `/auth` from each request. Routes
do not know this path. Each address that the service hands out begins with it.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Final
from urllib.parse import urlsplit

DEFAULT_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True)
class ServiceAddress:
    """Writes the service's own addresses. Each `route` is a path as the routes have it, such as `/p/{token}`.

    Attributes:
        public_url: the configured address, without a slash at the end.
    """

    public_url: str

    @cached_property
    def prefix(self) -> str:
        """The path of `public_url`, such as `/auth`; "" without one."""
        return urlsplit(self.public_url).path

    @cached_property
    def host(self) -> str:
        """The host of the public address, in lower case."""
        return urlsplit(self.public_url).hostname or ""

    @cached_property
    def port(self) -> int:
        """The port of the public address, also where it is not written."""
        parts = urlsplit(self.public_url)
        return parts.port or DEFAULT_PORTS[parts.scheme]

    @cached_property
    def origin(self) -> str:
        """The origin as browsers write it: without a path, and without the scheme's default port."""
        parts = urlsplit(self.public_url)
        named = f"{parts.scheme}://{parts.netloc}"
        default = DEFAULT_PORTS.get(parts.scheme)
        return named.removesuffix(f":{default}") if parts.port == default else named

    @cached_property
    def secure(self) -> bool:
        """Whether browsers reach the service by https."""
        return self.public_url.startswith("https://")

    def url(self, route: str) -> str:
        """The whole address of a route, for messages, for other hosts and for other software."""
        return self.public_url + route

    def path(self, route: str) -> str:
        """The path of a route as a browser on this host has to ask for it; a query may follow the route."""
        return self.prefix + route

    def holds(self, path: str) -> bool:
        """Whether a path begins with that of `public_url`, as it does if no proxy has removed it; False without one."""
        return self.prefix != "" and (path == self.prefix or path.startswith(f"{self.prefix}/"))

    @property
    def cookie_path(self) -> str:
        """The `Path` of a cookie that all of the service's pages receive, and no other pages of the host."""
        return self.prefix or "/"

    def cookie_name(self, name: str) -> str:
        """The name of a cookie, with the strictest prefix that browsers know for it (RFC 6265bis section 4.1.3).

        `__Host-` keeps other hosts of the domain from setting the cookie. It demands the path `/`, so a service with a
        path has `__Secure-`.
        """
        if not self.secure:
            return name
        return f"__Secure-{name}" if self.prefix else f"__Host-{name}"
