"""WeChat's hosts that the sandbox imitates (WECHAT.md 1)."""

HOSTS = (
    "api.weixin.qq.com",
    "api2.weixin.qq.com",
    "sh.api.weixin.qq.com",
    "sz.api.weixin.qq.com",
    "hk.api.weixin.qq.com",
    "mp.weixin.qq.com",
    "open.weixin.qq.com",
)

API_HOSTS = frozenset(host for host in HOSTS if "api" in host)
