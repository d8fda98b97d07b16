"""Tells the faults of an outbound proxy from those of the server behind it, by aiohttp's exceptions."""

import aiohttp

from codesvc.domain.outbound_proxy import OutboundProxy, ProxyProblem, problem_of_status


def problem_of(error: Exception, proxy: OutboundProxy | None) -> ProxyProblem | None:
    """What the proxy did wrong; None if there is none, or if the fault is not the proxy's.

    Args:
        error: what a request raised. Its text is not used, because it may hold the URL.
        proxy: the proxy of that request.
    """
    if proxy is None:
        return None
    match error:
        case aiohttp.ClientHttpProxyError():
            return problem_of_status(error.status)
        case aiohttp.ClientConnectorDNSError():
            # Names of servers are resolved by the proxy, so this is the proxy's own.
            return ProxyProblem.DNS
        case aiohttp.ClientProxyConnectionError():
            return ProxyProblem.UNREACHABLE
        case aiohttp.ClientConnectorError() if (error.host, error.port) == (proxy.host, proxy.port):
            # TLS with a proxy that is itself reached by https.
            return ProxyProblem.UNREACHABLE
        case aiohttp.ConnectionTimeoutError():
            return ProxyProblem.UNREACHABLE
    return None
