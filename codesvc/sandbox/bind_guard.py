"""Who can reach the sandbox: without a token only this machine (DESIGN rule 11)."""

from ipaddress import ip_address


class Exposed(ValueError):
    """The sandbox would be reachable from other machines without a token."""


def check_exposure(host: str, token: str | None) -> None:
    """Refuse to listen on the network without a token.

    Raises:
        Exposed: the host is not loopback and there is no token.
    """
    if not token and not is_loopback(host):
        raise Exposed(f"{host} is not loopback: give --token, or listen on 127.0.0.1")


def is_loopback(host: str) -> bool:
    """Whether a host can only be this machine; names other than `localhost` are not looked up."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
