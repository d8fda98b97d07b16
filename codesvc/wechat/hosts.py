"""Which addresses are WeChat's (WECHAT.md 1). In live mode no other may be asked (DESIGN rule 11). Pure."""

from urllib.parse import urlsplit

_HOSTS = frozenset(
    {
        "api.weixin.qq.com",
        "api2.weixin.qq.com",
        "sh.api.weixin.qq.com",
        "sz.api.weixin.qq.com",
        "hk.api.weixin.qq.com",
    }
)


def is_wechat_host(url: str) -> bool:
    """Whether `url` leads to WeChat's API: https, one of its five names, its own port, nobody's credentials in it."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    plain = parts.username is None and parts.password is None and port in {None, 443}
    return parts.scheme == "https" and parts.hostname in _HOSTS and plain
