"""Each rule of a single option, broken once: what is said, and where."""

from __future__ import annotations

import pytest

from codesvc.config.store_address import SCHEMES

PLAIN = "must be ASCII without spaces"
ASCII_ONLY = f"{PLAIN} (a host in punycode, a path percent-encoded)"
NO_PORT = "has an invalid port: use 1 to 65535 without leading zeros, or none"
NO_IPV4 = "has a host that ends in a number but is not an IPv4 address such as 192.0.2.1"
EVERYWHERE = "must have a host that browsers can reach; 0.0.0.0 and [::] are addresses to listen on"
USUAL_FORM = (
    "must have a path of letters, digits and -._~; everything else must be percent-encoded as UTF-8, with capital "
    "letters, such as /%E7%99%BB"
)
HIDDEN = "must not have a backslash, an encoded slash or a control character in its path"

# The option, a value it must not have, what is said; and where it is said, unless at the option itself.
NO_LINK = (
    "is shown to people in chats and e-mails, where addresses become links: it must not contain <, >, @, :// or a "
    'domain; write the name alone, "Example" and not "example.com", or a space after the dot'
)
BROKEN = [
    ("mode", "lve", 'must be one of live, test; did you mean "live"?'),
    ("mode", 3, "must be one of live, test"),
    ("service", "x", "must be a table, not a string"),
    ("service.port", "8080", "must be a whole number, not a string"),
    ("service.port", True, "must be a whole number, not true or false"),
    ("service.port", 70000, "must be between 1 and 65535"),
    ("service.host", "not a host", "must be a host name or an IP address"),
    ("service.public_url", "https://code.example.com/", "must not end with a slash"),
    ("service.public_url", "https://code.example.com/auth/", "must not end with a slash"),
    ("service.public_url", "https://code.example.com//auth", "must not have an empty segment (//) in its path"),
    ("service.public_url", "https://code.example.com/a//b", "must not have an empty segment (//) in its path"),
    ("service.public_url", "https://code.example.com/a/../b", "must not have . or .. as a segment of its path"),
    ("service.public_url", "https://code.example.com/.", "must not have . or .. as a segment of its path"),
    ("service.public_url", "https://code.example.com/登录", ASCII_ONLY),
    ("service.public_url", "https://code.example.com/a b", ASCII_ONLY),
    ("service.public_url", "https://code.example.com/a;b", USUAL_FORM),
    ("service.public_url", "https://code.example.com/a%zz", USUAL_FORM),
    ("service.public_url", "https://code.example.com/a%", USUAL_FORM),
    ("service.public_url", "https://code.example.com/%e7%99%bb", USUAL_FORM),
    ("service.public_url", "https://code.example.com/%61uth", USUAL_FORM),
    ("service.public_url", "https://code.example.com/%2E%2E/b", USUAL_FORM),
    ("service.public_url", "https://code.example.com/%FF", USUAL_FORM),
    ("service.public_url", 'https://code.example.com/a"b', USUAL_FORM),
    ("service.public_url", "https://code.example.com/a\\b", HIDDEN),
    ("service.public_url", "https://code.example.com/a%2Fb", HIDDEN),
    ("service.public_url", "https://code.example.com/a%0D%0Ab", HIDDEN),
    ("service.public_url", "ftp://code.example.com", "must begin with https:// (or http://)"),
    ("service.public_url", "https://a@code.example.com", "must not contain a user name or password"),
    ("service.public_url", "https://code.example.com?x", "must not have a query or a fragment"),
    ("service.public_url", "https://code.example.com:0", NO_PORT),
    ("service.public_url", "https://code.example.com:", NO_PORT),
    ("service.public_url", "https://code.example.com:0443", NO_PORT),
    ("service.public_url", "https://code.example.com:65536", "is not a web address"),
    ("service.public_url", "https://code.example.com#", "must not have a query or a fragment"),
    ("service.public_url", "https://code.example.com#top", "must not have a query or a fragment"),
    ("service.public_url", "https://:secret@code.example.com", "must not contain a user name or password"),
    ("service.public_url", "HTTPS://code.example.com", 'must have its scheme in lower case; write "https://"'),
    ("service.public_url", "https:code.example.com", "must begin with https:// (or http://)"),
    ("service.public_url", "https://", "must have a host name in lower case, or an IP address"),
    ("service.public_url", "https://:8443", "must have a host name in lower case, or an IP address"),
    ("service.public_url", "https://code.example.com.", 'has a host with a trailing dot; write "code.example.com"'),
    (
        "service.public_url",
        "https://Code.example.com.:8443",
        'has a host with a trailing dot; write "code.example.com"',
    ),
    (
        "service.public_url",
        "https://code_a.example.com",
        "has _ in its host, which is not allowed in host names of websites",
    ),
    ("service.public_url", "https://例子.com", f'{PLAIN}; write the host in punycode: "xn--fsqu00a.com"'),
    (
        "service.public_url",
        "https://ｃｏｄｅ。example。com:8443/auth",
        f'{PLAIN}; write the host in punycode: "code.example.com"',
    ),
    ("service.public_url", "https://例子.com/登录", f'{PLAIN}; write the host in punycode: "xn--fsqu00a.com"'),
    ("service.public_url", "https://例 子.com", ASCII_ONLY),
    (
        "service.public_url",
        "https://xn--a.example.com",
        'has "xn--a" in its host, which is not valid punycode; copy the name from your registrar',
    ),
    ("service.public_url", "https://127.1", NO_IPV4),
    ("service.public_url", "https://0x7f.1", NO_IPV4),
    ("service.public_url", "https://2130706433", NO_IPV4),
    ("service.public_url", "https://010.0.0.1", NO_IPV4),
    ("service.public_url", "https://1.2.3.256", NO_IPV4),
    (
        "service.public_url",
        "https://[2001:DB8::1]",
        'must have its IPv6 address in the standard form; write "[2001:db8::1]"',
    ),
    (
        "service.public_url",
        "https://[2001:db8:0:0::1]:8443",
        'must have its IPv6 address in the standard form; write "[2001:db8::1]"',
    ),
    (
        "service.public_url",
        "https://[fe80::1%25eth0]",
        "has a zone (%) in its IPv6 address, which is valid on one machine only; remove it",
    ),
    ("service.public_url", "https://[code.example.com]", "is not a web address"),
    ("service.public_url", "https://2001:db8::1", "is not a web address"),
    ("service.public_url", "https://0.0.0.0:8080", EVERYWHERE),
    ("service.public_url", "https://[::]", EVERYWHERE),
    ("service.public_url", "https://[::1", "is not a web address"),
    ("service.public_url", "https://Code.example.com", 'must have its host in lower case; write "code.example.com"'),
    (
        "service.public_url",
        "http://code.example.com",
        'must be https (only mode = "test" and loopback addresses may be http)',
    ),
    (
        "service.trusted_proxies",
        ["10.0.0.1/8"],
        'has host bits set; did you mean "10.0.0.0/8"?',
        "service.trusted_proxies[0]",
    ),
    (
        "service.trusted_proxies",
        ["::1", "proxy"],
        "must be an address or a network such as 10.0.0.0/8 or ::1",
        "service.trusted_proxies[1]",
    ),
    ("service.trusted_proxies", "::1", "must be a list, not a string"),
    ("service.templates_dir", "", "must be a path"),
    ("service.templates_dir", 1, "must be a string, not a whole number"),
    ("store.timeout", 0, "must be between 0.05 and 60"),
    ("store.timeout", float("nan"), "must be between 0.05 and 60"),
    ("store.timeout", 10**400, "is too large"),
    ("store.prefix", "a{b}", "must be 1 to 16 of A-Z, a-z, 0-9, - and _"),
    ("store.fsync", "evrysec", 'must be one of everysec, always; did you mean "everysec"?'),
    ("store.data_dir", "a\x00b", "must be a path"),
    (
        "store.url",
        "mysql://host",
        f"must begin with one of {', '.join(f'{scheme}://' for scheme in SCHEMES)}",
    ),
    ("store.url", "unix://", "must have the socket's path, as in unix:///run/valkey.sock"),
    ("store.url", "redis://:password@/0", "must have a host"),
    ("store.url", "redis+cluster://a:1,b:x", "must list its hosts as HOST:PORT, separated by commas without spaces"),
    ("store.url", "redis+cluster://a:1,b:2/3", "must not have a database number: a cluster has only one database"),
    (
        "store.url",
        "redis+sentinel://:secret@a,b",
        "must end with the Sentinels' name for the primary, as in redis+sentinel://host:26379/mymaster",
    ),
    ("store.url", "redis://a b", "has a space or an unprintable character"),
    ("secrets.master_key", "short", "must be at least 32 bytes; make one with `openssl rand -base64 48`"),
    ("secrets.master_key", "a" * 64, "does not look random; make one with `openssl rand -base64 48`"),
    (
        "secrets.master_key",
        "changeme-please-" * 3,
        "does not look random; make one with `openssl rand -base64 48`",
    ),
    (
        "secrets.previous_master_keys",
        ["short"],
        "must be at least 32 bytes; make one with `openssl rand -base64 48`",
        "secrets.previous_master_keys[0]",
    ),
    ("accounts.main.appid", "wx123", "must be wx followed by 16 lower-case hexadecimal digits"),
    ("accounts.main.name", " ", "must be 1 to 64 printable characters without leading or trailing spaces"),
    ("accounts.main.original_id", "main", "must be gh_ followed by 12 characters"),
    ("accounts.main.secret", "with blank " * 3, "must be 16 to 128 printable characters without spaces"),
    ("accounts.main.token", "a-b", "must be 3 to 32 letters and digits"),
    ("accounts.main.token", 123, "must be a string, not a whole number"),
    ("accounts.main.previous_token", "Zk3mQ9vX2sLw7RtB", "is the same as token"),
    ("accounts.main.aes_key", "short", "must be 43 letters and digits"),
    ("accounts.main.aes_key", "", 'is missing; callback = "safe" needs WeChat\'s EncodingAESKey'),
    ("accounts.main.callback", "save", 'must be one of safe, compatible, plaintext; did you mean "safe"?'),
    (
        "accounts.main.token_source",
        "stabel",
        'must be "stable", "ordinary" or the https address of a token server; did you mean "stable"?',
    ),
    (
        "accounts.main.token_source",
        "http://tokens.example.com",
        'must be https in mode "live": whoever has the token controls the account',
    ),
    ("accounts.main.forward_to", "http://other.example.com", 'must be https in mode "live" (or a loopback address)'),
    ("accounts.main.qr_pool", -1, "must be between 0 and 1000"),
    ("accounts.main.messages", {"code": {}}, "is missing", "accounts.main.messages.code.template_id"),
    (
        "accounts.main.messages",
        {"code": {"template_id": "x", "fields": "../secret.toml"}},
        'must name a .toml file below templates/, such as "message/code.toml", or be a table',
        "accounts.main.messages.code.fields",
    ),
    (
        "accounts.main.messages",
        {"code": {"template_id": "x", "fields": {"验证码": "{{ code }}"}}},
        'has a key that WeChat would not accept; keys look like "thing1"',
        "accounts.main.messages.code.fields",
    ),
    (
        "accounts.main.messages",
        {"code": {"template_id": "x", "fields": {"thing1": 1}}},
        "must have strings as values",
        "accounts.main.messages.code.fields",
    ),
    (
        "accounts.main.messages",
        {"code": {"template_id": "x", "fields": {"thing1": ""}}},
        "has a field that is empty or longer than 2000 characters",
        "accounts.main.messages.code.fields",
    ),
    (
        "accounts.main.messages",
        {"code": {"template_id": "x", "fields": {f"thing{number}": "x" for number in range(21)}}},
        "has more than 20 fields",
        "accounts.main.messages.code.fields",
    ),
    (
        "accounts.main.messages",
        {"code": {"template_id": "x", "fields": {}}},
        "must not be empty",
        "accounts.main.messages.code.fields",
    ),
    ("accounts", [], "must be a table of tables, not a list"),
    ("sites.shop.account", "mian", 'is not an account in this file; did you mean "main"?'),
    ("sites.shop.name", {"zh": "店"}, "must be a string, or a table with exactly zh and en"),
    ("sites.shop.name", {"zh": "店", "en": 1}, "must be a string, not a whole number"),
    ("sites.shop.name", '<a href="https://evil.example">店</a>', NO_LINK),
    ("sites.shop.name", {"zh": "店", "en": "Shop > All"}, NO_LINK),
    ("sites.shop.name", "https://evil.example", NO_LINK),
    ("sites.shop.name", "www.evil.com", NO_LINK),
    ("sites.shop.name", "evil.com/重置密码", NO_LINK),
    ("sites.shop.name", "登录 evil.com 重置", NO_LINK),
    ("sites.shop.name", "t.cn/abc", NO_LINK),
    ("sites.shop.name", "evil。com", NO_LINK),
    ("sites.shop.name", "ｅｖｉｌ．ｃｏｍ", NO_LINK),
    ("sites.shop.name", "192.0.2.1", NO_LINK),
    ("sites.shop.name", {"zh": "五八", "en": "58.com"}, NO_LINK),
    ("sites.shop.name", "店\n铺", "must be 1 to 64 printable characters without leading or trailing spaces"),
    ("sites.shop.name", "abc\u202efed", "must be 1 to 64 printable characters without leading or trailing spaces"),
    ("sites.shop.name", "a\u200bb", "must be 1 to 64 printable characters without leading or trailing spaces"),
    ("sites.shop.name", "a\u3164b", "has invisible characters, or too many combining marks on one letter"),
    ("sites.shop.name", "a" + "\u0301" * 9, "has invisible characters, or too many combining marks on one letter"),
    ("sites.shop.purposes.pay.name", "<b>pay</b>", NO_LINK),
    ("accounts.main.name", "<a>", NO_LINK),
    ("accounts.main.name", "evil.com", NO_LINK),
    ("sites.shop.purposes.pay.name", "weixin://x", NO_LINK),
    ("sites.shop.keys", [], "must not be empty"),
    (
        "sites.shop.origins",
        ["https://a.example/x"],
        "must be scheme://host or scheme://host:port, with nothing after it",
        "sites.shop.origins[0]",
    ),
    (
        "sites.shop.origins",
        ["https://a.example:443"],
        "has the default port, which browsers omit from an origin; omit it",
        "sites.shop.origins[0]",
    ),
    (
        "sites.shop.origins",
        ["https://店.example"],
        f'{PLAIN}; write the host in punycode: "xn--hxt.example"',
        "sites.shop.origins[0]",
    ),
    (
        "sites.shop.origins",
        [f"https://shop-{number:03}.example" for number in range(200)],
        "has more than 4000 characters in all, which no page's headers can hold",
        "sites.shop.origins",
    ),
    ("sites.shop.binding_notices", "yes", "must be true or false, not a string"),
    (
        "sites.shop.purposes.Pay",
        {},
        "is a name that must be 1 to 32 of a-z, 0-9, - and _, beginning with a letter or digit",
    ),
    ("sites.shop.purposes.pay", 1, "must be a table, not a whole number"),
    ("sites.shop.purposes", [], "must be a table of tables, not a list"),
    ("sites.shop.purposes", {f"p-{n}": {} for n in range(51)}, "has more than 50 entries"),
    ("sites.shop.purposes.pay.attempts", 11, "must be between 1 and 10"),
    ("sites.shop.purposes.pay.code_length", 3, "must be between 4 and 12"),
    ("sites.shop.purposes.pay.long_code_length", 5, "is shorter than code_length"),
    ("sites.shop.purposes.pay.code_life", 900, "is shorter than code_life", "sites.shop.purposes.pay.code_max_life"),
    (
        "sites.shop.purposes.pay",
        {"scan": "off", "channels": []},
        'is empty while scan = "off": no code could ever arrive',
        "sites.shop.purposes.pay.channels",
    ),
    ("sites.shop.purposes.pay.channels", ["template", "template"], "has the same value twice"),
    ("sites.shop.limits.user_pushes", [], 'is empty; write "none" to lift the limit'),
    (
        "sites.shop.limits.user_pushes",
        ["5/hours"],
        'has an unknown unit of time; use one of second, minute, hour, day; did you mean "hour"?',
    ),
    (
        "sites.shop.limits.user_pushes",
        ["5 per hour"],
        'is not a rate; write it like "5/hour", "600/minute" or "100/30d"',
    ),
    ("sites.shop.limits.user_pushes", [5], 'must be a list of rates such as ["5/hour", "10/day"], or "none"'),
    ("sites.shop.limits.user_pushes", ["0/hour"], "must allow between 1 and 100000 events"),
    ("sites.shop.limits.user_pushes", ["5/400d"], "must have a window between one second and 366 days"),
]


@pytest.mark.parametrize("broken", BROKEN, ids=[f"{path}-{number}" for number, (path, *_) in enumerate(BROKEN)])
def test_a_broken_rule_is_told_with_its_place(document, broken):
    path, value, message, *where = broken
    assert document.set(path, value).faults() == [f"{(where or [path])[0]}: {message}"]


def test_the_name_of_an_app_is_no_link_either(document):
    client = {"id": "wiki", "name": "wiki.evil.com", "redirect_uris": ["https://wiki.example/back"]}
    document.set("oidc", {"subject_key": "Tq0mV7hZ2nC5yXw8LbR4sD6fJ9kG1pAeUoIzQxNvMtY3BcHj"})
    document.set("sites.shop.oidc", {"clients": [client]})
    assert document.faults() == [f"sites.shop.oidc.clients[0].name: {NO_LINK}"]


@pytest.mark.parametrize(
    "url",
    [
        "https://code.example.com:8443/auth",
        "https://xn--fsqu00a.com",
        "https://a--b.example.com",
        "https://[2001:db8::1]:8443",
        "https://[::ffff:102:304]",
        "https://192.0.2.1",
        "https://localhost:65535",
    ],
)
def test_hosts_as_browsers_spell_them_are_taken(document, url):
    assert document.set("service.public_url", url).settings().service.public_url == url
