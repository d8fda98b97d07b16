"""SDKs that others wrote, unmodified, through every call of the sandbox that they know (docs: sandbox).

Which calls an SDK knows is read from its own source, so that a call that a driver forgets is red.
"""

import re
import sys
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest
import wechatpy

from codesvc.sandbox.api.table import ENDPOINTS
from codesvc.sandbox.website import DEFAULT_WEBSITE
from tests.node_tools import installed
from tests.programs import program_path
from tests.sandbox.test_sandbox_sdk import finish, guarded, keys, read_line, start  # noqa: F401 - a fixture

HERE = Path(__file__).parent
DATA = {"character_string1": "482913", "thing2": "网站", "time3": "15:01", "thing4": "备注"}
NODE = Path(__file__).parents[1] / "sandbox" / "node" / "package.json"


def known_calls(source, suffix):
    """The calls of the sandbox whose paths stand in an SDK's source."""
    files = [
        path
        for path in Path(source).rglob(f"*{suffix}")
        if not {"node_modules", "test"} & set(path.relative_to(source).parts)
    ]
    text = "".join(path.read_text(encoding="utf-8", errors="replace") for path in files)
    found = set()
    for endpoint in ENDPOINTS:
        tail = endpoint.path.removeprefix("/cgi-bin").removeprefix("/")
        if re.search(rf"""['"`/]{re.escape(tail)}['"`?]""", text):
            found.add(endpoint.path)
    return found


def easywechats(modules):
    """node-easywechat names few paths, because its client takes any; web authorisation is node-socialite's."""
    home = modules / "node_modules"
    assert "api.weixin.qq.com/sns" in (home / "node-socialite" / "dist" / "Providers" / "WeChat.js").read_text()
    return known_calls(home / "node-easywechat", ".js") | {"/sns/oauth2/access_token", "/sns/userinfo"}


def in_order(link):
    """An authorisation link with its parameters in the order of WeChat's page."""
    parts = urlsplit(link)
    order = ("appid", "redirect_uri", "response_type", "scope", "state", "connect_redirect")
    pairs = sorted(parse_qsl(parts.query), key=lambda pair: order.index(pair[0]))
    return parts._replace(query=urlencode(pairs)).geturl()


async def prepared(wechat):
    """A follower who has written, an account that may add old templates."""
    await wechat.control("PATCH", f"/accounts/{wechat.spec.appid}", {"old_library": True})
    openid = await wechat.user()
    await wechat.act(openid, "send", text="x")
    return openid


async def called(wechat):
    return {call["path"] for call in (await wechat.control("GET", "/calls"))["calls"]}


def refusals(results):
    return {name: answer["error"] for name, answer in results.items() if isinstance(answer, dict) and "error" in answer}


async def test_wechatpy(guarded):  # noqa: F811 - the fixture
    wechat, proxy, authority = guarded
    openid = await prepared(wechat)
    trust = {"HTTPS_PROXY": proxy, "REQUESTS_CA_BUNDLE": str(authority)}
    process = await start(
        sys.executable,
        "-W",
        "ignore",
        str(HERE / "sdks" / "drive_wechatpy.py"),
        keys(wechat, openid, data=DATA),
        **trust,
    )
    try:
        results = (await read_line(process))["results"]
    finally:
        await finish(process)
    # It cannot invite an agent, the person has accepted neither notice nor one-time message, and nothing migrates.
    expected = {"session": 65402, "session_gone": 65413, "notice": 43101, "once": 43101, "moved": -1}
    assert refusals(results) == expected
    assert results["tags_of"] == [100]
    assert results["download"] == {"bytes": 308}
    assert results["materials"]["total_count"] == 1
    sns = {endpoint.path for endpoint in ENDPOINTS if endpoint.path.startswith("/sns/")}  # tests/sandbox has them
    assert known_calls(Path(wechatpy.__file__).parent, ".py") - sns <= await called(wechat)


@pytest.fixture(scope="session")
def modules(request, tmp_path_factory):
    return installed(request, tmp_path_factory, NODE)


@pytest.mark.parametrize("sdk", ["co-wechat-api", "wechat-api"])
async def test_node(guarded, modules, sdk):  # noqa: F811 - the fixture
    wechat, proxy, authority = guarded
    openid = await prepared(wechat)
    given = keys(wechat, openid, modules=str(modules), proxy=proxy, sdk=sdk, data=DATA)
    words = ("node", "--no-deprecation", str(HERE / "sdks" / "drive_node.cjs"), given)
    process = await start(*words, NODE_EXTRA_CA_CERTS=str(authority))
    try:
        line = await read_line(process)
    finally:
        await finish(process)
    refused = refusals(line["results"])
    missing = known_calls(modules / "node_modules" / sdk, ".js") - await called(wechat)
    # Nobody has accepted a one-time message; wechat-api cannot invite an agent, so that no session begins.
    expected = {
        "co-wechat-api": {"sendSubscribe": 43101},
        "wechat-api": {"createKfSession": 65402, "closeKfSession": 65413},
    }
    assert (missing, refused) == (set(), expected[sdk])
    kinds = [message["type"] for message in await wechat.messages(openid)]
    assert kinds == ["template", "text", "image", "news", "text", "image"]


async def test_website_login_and_the_ticket_of_the_js_sdk(guarded, modules, tmp_path):  # noqa: F811 - the fixture
    wechat, proxy, authority = guarded
    openid = await prepared(wechat)
    website = {"appid": DEFAULT_WEBSITE.appid, "secret": DEFAULT_WEBSITE.secret}
    more = {"modules": str(modules), "proxy": proxy, "website": website, "url": wechat.url, "cache": str(tmp_path)}
    words = ("node", "--no-deprecation", str(HERE / "sdks" / "drive_oauth.cjs"), keys(wechat, openid, **more))
    process = await start(*words, NODE_EXTRA_CA_CERTS=str(authority), HTTPS_PROXY=proxy)
    try:
        ready = await read_line(process)
        # Its link names scope before response_type. WeChat's page says that such a link is refused.
        refused = await wechat.act(openid, "open", url=ready["inside"])
        assert urlsplit(refused["url"]).hostname == "open.weixin.qq.com"
        inside = await wechat.act(openid, "open", url=in_order(ready["inside"]))
        link = urlsplit(ready["link"])
        _, page = await wechat.raw("GET", f"{link.path}?{link.query}")
        uuid = re.search(r'data-uuid="(\w+)"', page.decode())[1]
        await wechat.act(openid, "scan", url=f"https://open.weixin.qq.com/connect/confirm?uuid={uuid}")
        _, poll = await wechat.raw("GET", "/connect/l/qrconnect", query={"uuid": uuid})
        own = parse_qs(urlsplit(inside["url"]).query)["code"][0].encode()
        process.stdin.write(re.search(rb"wx_code='(\w+)'", poll)[1] + b" " + own)
        known = await read_line(process)
    finally:
        await finish(process)
    assert ready["config"]["signature"]
    assert known["session"]["openid"] == known["user"]["openid"] == known["again"]["openid"]
    assert known["session"]["scope"] == "snsapi_login"
    assert known["valid"]["errcode"] == 0
    assert known["person"]["id"] == openid
    of_both = known_calls(modules / "node_modules" / "wechat-oauth", ".js") | easywechats(modules)
    # tests/sandbox has stable tokens.
    assert of_both - {"/cgi-bin/stable_token"} <= await called(wechat)


PHP = """<?php
$given = json_decode($argv[1], true);
function ask($url, $body = null) {
    $call = curl_init($url);
    curl_setopt($call, CURLOPT_RETURNTRANSFER, true);
    if ($body !== null) { curl_setopt($call, CURLOPT_POSTFIELDS, json_encode($body, JSON_UNESCAPED_UNICODE)); }
    $answer = curl_exec($call);
    if ($answer === false) { fwrite(STDERR, curl_error($call)); exit(1); }
    return json_decode($answer, true);
}
$api = 'https://api.weixin.qq.com';
$grant = ['grant_type' => 'client_credential', 'appid' => $given['appid'], 'secret' => $given['secret']];
$token = ask("$api/cgi-bin/stable_token", $grant)['access_token'];
$info = ['scene' => ['scene_str' => 'vc_php']];
$scene = ['expire_seconds' => 300, 'action_name' => 'QR_STR_SCENE', 'action_info' => $info];
$text = ['touser' => $given['openid'], 'msgtype' => 'text', 'text' => ['content' => '你好']];
echo json_encode(['results' => [
    'qrcode' => ask("$api/cgi-bin/qrcode/create?access_token=$token", $scene),
    'user' => ask("$api/cgi-bin/user/info?access_token=$token&openid=" . $given['openid']),
    'text' => ask("$api/cgi-bin/message/custom/send?access_token=$token", $text),
]]), "\\n";
"""


async def test_php_without_an_sdk(guarded, tmp_path):  # noqa: F811 - the fixture
    """The recipe of docs/en/sandbox.md for PHP. PHP SDKs are not among what these tests can install."""
    program_path("php", "php-cli php-curl")
    wechat, proxy, authority = guarded
    openid = await prepared(wechat)
    (tmp_path / "client.php").write_text(PHP, encoding="utf-8")
    trust = ("-d", f"curl.cainfo={authority}", "-d", f"openssl.cafile={authority}")
    process = await start("php", *trust, str(tmp_path / "client.php"), keys(wechat, openid), HTTPS_PROXY=proxy)
    try:
        results = (await read_line(process))["results"]
    finally:
        await finish(process)
    assert results["qrcode"]["url"].startswith("http://weixin.qq.com/q/")
    assert results["user"]["openid"] == openid
    assert results["text"]["errcode"] == 0
    assert [message["content"] for message in await wechat.messages(openid)] == ["你好"]
