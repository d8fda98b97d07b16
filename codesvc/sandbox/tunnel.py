"""TLS for WeChat's hosts beside a running sandbox, and the proxy that leads there.

An SDK with hard-wired `https://api.weixin.qq.com` is pointed here by its proxy setting (or by DNS, or a hosts entry)
and told to trust the sandbox's authority.
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
    """Start both beside a running sandbox; returns lines that say where they are.

    Raises:
        ImportError: the extra is not installed.
        OSError: a port is taken.
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
