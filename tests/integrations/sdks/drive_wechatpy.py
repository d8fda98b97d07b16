"""wechatpy's synchronous client, unmodified: every method that it has for a call of the sandbox."""

import io
import json
import sys

from wechatpy import WeChatClient
from wechatpy.exceptions import WeChatClientException

given = json.loads(sys.argv[1])
client = WeChatClient(given["appid"], given["secret"])
openid = given["openid"]
results = {}


def run(name, act, *words, **more):
    try:
        results[name] = answer = act(*words, **more)
    except WeChatClientException as error:
        results[name] = {"error": error.errcode}
        return None
    if hasattr(answer, "content"):
        results[name] = {"bytes": len(answer.content)}
    return answer


def picture():
    file = io.BytesIO(b"\x89PNG\r\n\x1a\n" + bytes(300))
    file.name = "p.png"
    return file


data = {key: {"value": value} for key, value in given["data"].items()}
menu = {"button": [{"type": "click", "name": "取码", "key": "CODE"}]}
run("ips", client.misc.get_wechat_ips)
run("user", client.user.get, openid)
run("batch", client.user.get_batch, [openid])
run("followers", client.user.get_followers)
run("remark", client.user.update_remark, openid, "备注")
run("qrcode", client.qrcode.create, {"action_name": "QR_STR_SCENE", "action_info": {"scene": {"scene_str": "a"}}})
run("show", client.qrcode.show, results["qrcode"])
run("template", client.message.send_template, openid, given["template_id"], data)
run("templates", client.template.get_all_private_template)
run("set_industry", client.template.set_industry, "1", "2")
run("industry", client.template.get_industry)
run("deleted", client.template.del_private_template, run("added", client.template.get, "TM00015"))
run("text", client.message.send_text, openid, "你好")
run("preview", client.message.send_mass_text, openid, "预览", is_to_all=False, preview=True)
run("autoreply", client.message.get_autoreply_info)
run("notice", client.message.send_subscribe_message, openid, given["notice_id"], data)
content = {"content": {"value": "验证码"}}
run("once", client.message.send_subscribe_template, openid, given["template_id"], 7, "标题", content)
tag = run("tag", client.tag.create, "广东")["id"]
run("tags", client.tag.get)
run("tag_update", client.tag.update, tag, "广东人")
run("tagging", client.tag.tag_user, tag, [openid])
run("tagged", client.tag.get_tag_users, tag)
run("tags_of", client.tag.get_user_tag, openid)
run("menu", client.menu.create, menu)
run("menu_get", client.menu.get)
run("menu_info", client.menu.get_menu_info)
special = run("conditional", client.menu.add_conditional, {**menu, "matchrule": {"tag_id": str(tag)}})
run("match", client.menu.try_match, openid)
run("conditional_gone", client.menu.del_conditional, special["menuid"])
run("menu_gone", client.menu.delete)
run("untagging", client.tag.untag_user, tag, [openid])
run("black", client.tag.batch_black_list, [openid])
run("black_list", client.tag.get_black_list)
run("unblack", client.tag.batch_unblack_list, [openid])
run("tag_gone", client.tag.delete, tag)
media = run("upload", client.media.upload, "image", picture())
run("download", client.media.download, media["media_id"])
run("article_picture", client.media.upload_mass_image, picture())
kept = run("material", client.material.add, "image", picture())
run("material_get", client.material.get, kept["media_id"])
run("materials", client.material.batchget, "image", 0, 20)
run("material_count", client.material.get_count)
run("material_gone", client.material.delete, kept["media_id"])
run("jsapi", client.jsapi.get_jsapi_ticket)
run("card", client.jsapi.get_jsapi_card_ticket)
run("agent", client.customservice.add_account, "a@shop", "甲", "x")
run("agent_renamed", client.customservice.update_account, "a@shop", "乙", "x")
run("agents", client.customservice.get_accounts)
run("online", client.customservice.get_online_accounts)
run("session", client.customservice.create_session, openid, "a@shop")
run("session_of", client.customservice.get_session, openid)
run("sessions", client.customservice.get_session_list, "a@shop")
run("waiting", client.customservice.get_wait_case)
run("session_gone", client.customservice.close_session, openid, "a@shop")
run("agent_gone", client.customservice.delete_account, "a@shop")
run("moved", client.user.change_openid, "wx0000000000000000", [openid])
sys.stdout.write(json.dumps({"results": results}, default=str) + "\n")
