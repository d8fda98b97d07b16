"""HTTPS for WeChat's hosts on a running sandbox, and a proxy in front of it.

Some SDKs always call `https://api.weixin.qq.com`. Such an SDK reaches the sandbox by its proxy setting (or by DNS, or
by a hosts entry). It must also trust the sandbox's certificate authority.
"""

from contextlib import AsyncExitStack
from pathlib import Path

from aiohttp import web

from codesvc.sandbox.certificate import Authority
from codesvc.sandbox.hosts import HOSTS
from codesvc.sandbox.proxy import ConnectProxy


async def start_tls(
    runner: web.AppRunner, stack: AsyncExitStack, *, host: str, tls_port: int, proxy_port: int, directory: Path
) -> list[str]:
    """Start HTTPS and the proxy; returns lines for the terminal with their addresses.

    Raises:
        ImportError: the extra `sandbox-tls` is not installed.
        OSError: a port is in use.
    """
    authority = Authority(directory)
    site = web.TCPSite(runner, host, tls_port, ssl_context=authority.server_context())
    await site.start()
    plain, bound = runner.addresses[0][1], runner.addresses[-1][1]  # in the order in which the sites were started
    proxy = ConnectProxy(host, tls_port=bound, plain_port=plain, trust=authority.client_context())
    stack.push_async_callback(proxy.close)
    proxy_bound = await proxy.start(host, proxy_port)
    return [
        f"  TLS           {host}:{bound} as {', '.join(HOSTS)}",
        f"  proxy         http://{host}:{proxy_bound} (to those hosts only)",
        f"  authority     {authority.certificate}",
    ]
