"""How the service leaves its network: the outbound proxies, and proxies of the environment that it does not use."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from codesvc.doctor.finding import Finding, fail, ok, skipped, warn
from codesvc.domain.outbound_proxy import ProxyProblem, problem_of_status
from codesvc.domain.service_address import DEFAULT_PORTS
from codesvc.wechat.errcode_advice import PROXY_REMEDIES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from codesvc.config import Settings
    from codesvc.domain.outbound_proxy import OutboundProxy

_VARIABLES: Final = ("https_proxy", "http_proxy", "all_proxy")
_SECONDS: Final = 5.0
_OK: Final = 200


def ignored(settings: Settings, environment: Mapping[str, str]) -> Iterator[Finding]:
    """A finding if the environment names a proxy: other programs use it, this service does not."""
    names = sorted(name for name, value in environment.items() if name.lower() in _VARIABLES and value.strip())
    if not names:
        return
    found = f"{', '.join(names)} in the environment is not used"
    if settings.service.outbound_proxy is not None:
        yield ok("proxy in the environment", f"{found}; service.outbound_proxy applies")
        return
    remedy = 'Set service.outbound_proxy if the service is to use a proxy, or to "none" if it is not.'
    yield warn("proxy in the environment", f"{found}: WeChat and webhooks are called directly", remedy)


async def findings(settings: Settings) -> list[Finding]:
    """Whether each proxy opens a tunnel to where it shall lead; nothing is sent through the tunnel."""
    service = settings.service
    wechat, receivers = service.proxy_to_wechat, service.proxy_to_receivers
    found: list[Finding] = []
    if wechat is not None:
        account = next(iter(settings.accounts.values()), None)
        found.append(await _tried("service.outbound_proxy", wechat, account.api_url if account else None))
    if receivers is not None and service.webhook_proxy is not None:
        hooks = (site.webhook for site in settings.sites.values())
        url = next((hook.url for hook in hooks if hook is not None), None)
        found.append(await _tried("service.webhook_proxy", receivers, url))
    return found


async def _tried(what: str, proxy: OutboundProxy, url: str | None) -> Finding:
    if url is None:
        return skipped(what, f"{proxy.shown}: this file has nothing to call through it")
    parts = urlsplit(url)
    port = parts.port or DEFAULT_PORTS[parts.scheme]
    problem = await probe(proxy, f"[{parts.hostname}]" if ":" in (parts.hostname or "") else str(parts.hostname), port)
    if problem is not None:
        return fail(what, f"{proxy.shown}: {problem.words}", PROXY_REMEDIES[problem])
    return ok(what, f"{proxy.shown} opens a tunnel to {parts.hostname}")


async def probe(proxy: OutboundProxy, host: str, port: int) -> ProxyProblem | None:
    """Ask for a tunnel and close it. Returns what is wrong, None if the tunnel was opened."""
    secure = ssl.create_default_context() if proxy.address.startswith("https:") else None
    try:
        async with asyncio.timeout(_SECONDS):
            try:
                await asyncio.get_running_loop().getaddrinfo(proxy.host, proxy.port)
            except OSError:
                return ProxyProblem.DNS
            reader, writer = await asyncio.open_connection(proxy.host, proxy.port, ssl=secure)
            try:
                login = f"Proxy-Authorization: {proxy.authorization.reveal()}\r\n" if proxy.authorization else ""
                writer.write(f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n{login}\r\n".encode())
                words = (await reader.readline()).split()
            finally:
                writer.close()
    except (OSError, ValueError):
        return ProxyProblem.UNREACHABLE
    if len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():  # noqa: PLR2004  a status line
        return ProxyProblem.UNREACHABLE
    status = int(words[1])
    return None if status == _OK else problem_of_status(status)
