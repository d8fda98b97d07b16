"""A check before listening: without a token the sandbox listens on loopback only (DESIGN rule 11)."""

from ipaddress import ip_address


class UnsafeBind(ValueError):
    """The sandbox would be reachable from other machines without a token."""


def check_bind(host: str, token: str | None) -> None:
    """Refuse to listen on the network without a token.

    Raises:
        UnsafeBind: the host is not loopback and there is no token.
    """
    if not token and not is_loopback(host):
        raise UnsafeBind(f"{host} is not loopback: give --token, or listen on 127.0.0.1")


def is_loopback(host: str) -> bool:
    """Whether a host is surely this machine; no name is looked up, only `localhost` is known."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
