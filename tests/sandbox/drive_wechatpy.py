"""wechatpy's own synchronous client, unmodified, through every call it has among the sandbox's endpoints.

Run as a program of its own with nothing set but HTTPS_PROXY and REQUESTS_CA_BUNDLE, so that its hard-wired addresses
lead to the sandbox. Prints a JSON object of results.
"""

import json
import sys

from wechatpy import WeChatClient, WeChatOAuth
from wechatpy.exceptions import WeChatClientException

given = json.loads(sys.argv[1])
client = WeChatClient(given["appid"], given["secret"])
openid, template_id = given["openid"], given["template_id"]
results = {}


def say(**line):
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def errcode(act, *args, **kwargs):
    try:
        act(*args, **kwargs)
    except WeChatClientException as error:
        return error.errcode
    return 0


results["ips"] = client.misc.get_wechat_ips()
results["user"] = client.user.get(openid)
results["batch"] = client.user.get_batch([openid])
results["followers"] = list(client.user.iter_followers())
results["remark"] = client.user.update_remark(openid, "备注")
code = client.qrcode.create(
    {"expire_seconds": 300, "action_name": "QR_STR_SCENE", "action_info": {"scene": {"scene_str": "vc_1"}}}
)
results["qrcode"] = code
picture = client.qrcode.show(code)
results["picture"] = [picture.status_code, picture.headers["Content-Type"], picture.content[:3].hex()]
results["picture_url"] = client.qrcode.get_url(code)
data = {
    "character_string1": {"value": "482913"},
    "thing2": {"value": "网站"},
    "time3": {"value": "15:01"},
    "thing4": {"value": "备注"},
}
results["template"] = client.message.send_template(openid, template_id, data, url="https://example.com/")
results["template_error"] = errcode(client.message.send_template, openid, "x" * 43, data)
results["templates"] = client.template.get_all_private_template()
results["set_industry"] = client.template.set_industry("1", "4")
results["industry"] = client.template.get_industry()
results["added"] = client.template.get("TM00015")
results["deleted"] = client.template.del_private_template(results["added"])
message = client.message
results["custom"] = [
    message.send_text(openid, "你好"),
    message.send_text(openid, "你好", account="a@b"),
    message.send_image(openid, "m"),
    message.send_voice(openid, "m"),
    message.send_video(openid, "m", "t", "d"),
]
results["mini_program_kind"] = errcode(
    message.send_link, openid, {"title": "t", "description": "d", "url": "http://e/", "image": "http://e/"}
)
results["out_of_count"] = errcode(message.send_text, openid, "一条太多")
say(step="custom")
sys.stdin.readline()
results["custom"] += [
    message.send_music(openid, "http://e/", "http://e/", "m", "t", "d"),
    message.send_articles(openid, [{"title": "t", "description": "d", "url": "http://e/", "image": "http://e/"}]),
    message.send_card(openid, "card"),
    message.send_mini_program_page(openid, {"title": "t", "appid": "wx1", "pagepath": "p", "thumb_media_id": "m"}),
    message.send_msg_menu(openid, {"head_content": "h", "list": [{"id": "1", "content": "c"}], "tail_content": "t"}),
]
results["once_refused"] = errcode(
    message.send_subscribe_template, openid, "T1", "1000", "标题", {"content": {"value": "x"}}
)
results["subscribe_url"] = message.get_subscribe_authorize_url("1000", "T1", "https://example.com/")
notice = {name: data[name] for name in ("character_string1", "thing2", "time3")}
results["notice"] = message.send_subscribe_message(openid, given["notice_id"], notice, page="https://example.com/")
results["notice_again"] = errcode(message.send_subscribe_message, openid, given["notice_id"], notice)
menu = {"button": [{"type": "click", "name": "取码", "key": "CODE"}]}
results["menu"] = [client.menu.create(menu), client.menu.get(), client.menu.delete()]
first = client.access_token
client.fetch_access_token()
client.session.set(client.access_token_key, "82_dead")
results["retried"] = bool(client.user.get(openid)["subscribe"])
results["new_token"] = client.access_token not in {first, "82_dead"}
oauth = WeChatOAuth(given["appid"], given["secret"], given["redirect_uri"], "snsapi_userinfo", "abc")
results["authorize_url"] = oauth.authorize_url
say(step="oauth", url=oauth.authorize_url)
session = oauth.fetch_access_token(sys.stdin.readline().strip())
results["oauth"] = session
results["oauth_user"] = oauth.get_user_info()
results["oauth_valid"] = oauth.check_access_token()
results["oauth_refresh"] = oauth.refresh_access_token(session["refresh_token"])
say(step="done", results=results)
