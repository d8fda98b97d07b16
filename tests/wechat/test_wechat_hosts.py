import pytest

from codesvc.wechat.hosts import is_wechat_host


@pytest.mark.parametrize("name", ["api", "api2", "sh.api", "sz.api", "hk.api"])
def test_wechats_own(name):
    assert is_wechat_host(f"https://{name}.weixin.qq.com")
    assert is_wechat_host(f"https://{name}.weixin.qq.com:443/cgi-bin/")


@pytest.mark.parametrize(
    "url",
    [
        "http://api.weixin.qq.com",
        "https://api.weixin.qq.com:8443",
        "https://api.weixin.qq.com.evil.example",
        "https://evil.example/api.weixin.qq.com",
        "https://api.weixin.qq.com@evil.example",
        "https://user:pass@api.weixin.qq.com",
        "https://mp.weixin.qq.com",
        "https://xapi.weixin.qq.com",
        "https://api.weixin.qq.com:x",
        "https://[",
        "//api.weixin.qq.com",
        "",
    ],
)
def test_others(url):
    assert not is_wechat_host(url)
