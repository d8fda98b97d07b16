"""Questions of readers, half of connecting a website and half of running the service: where the answer stands.

A reader finds the page by its title in the navigation or by the search, and the answer under one heading of it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
QUESTIONS = [
    # question, page, the answer in Chinese, the answer in English
    ("How do I try it without an account?", "quickstart", "make demo", "make demo"),
    ("What is user at a sign-up?", "integrating", "每次尝试一个新的随机 ID", "a new random id for each attempt"),
    ("May I trust the browser?", "integrating", "ID 必须和会话里的一样", "the id has to be that of its session"),
    ("How long is a proof good?", "integrating", "验证成功后十分钟内有效", "for ten minutes"),
    ("And client_ip behind a proxy?", "integrating", "你自己的代理写的地址", "the one that your own proxy writes"),
    ("What do I say at 409?", "integrating", "这个微信已有账号", "this WeChat account is known here"),
    ("How do I check a webhook?", "webhooks", "先按[上面的规则](#signature)核对", "apply [the rules](#signature)"),
    ("How do I log a visitor in by scan?", "bindings", "POST /v1/logins", "POST /v1/logins"),
    ("How do I repeat a call after a timeout?", "api", "Idempotency-Key", "Idempotency-Key"),
    ("How does my test suite do it without a phone?", "testing", "test_users", "test_users"),
    ("Which account do I need?", "wechat-setup", "已认证的服务号", "verified service account"),
    ("What does 40164 mean?", "troubleshooting", "这台机器的地址不在 IP 白名单", "not on the IP whitelist"),
    ("What does 48001 mean?", "troubleshooting", "公众号没有这个权限", "the account lacks the right"),
    ("What does 47003 mean?", "troubleshooting", "模板字段不合规则", "a field breaks its type"),
    ("A scan does nothing: where do I look?", "troubleshooting", "callbacks:账号", "callbacks:ACCOUNT"),
    ("How do I change the configuration?", "operating", "systemctl reload codesvc", "systemctl reload"),
    ("How do I replace the master key?", "secrets", "previous_master_keys_file", "previous_master_keys_file"),
    ("What do I back up?", "backup", "appendonlydir", "appendonlydir"),
    ("How do I erase a person?", "personal-data", "codesvc person erase", "codesvc person erase"),
    ("Does the domain need an ICP filing?", "deploying", "ICP 备案|备案", "ICP filing"),
    ("What is the shortest that I write?", "integrating", "{#short}", "{#short}"),
    ("What is signed in a webhook?", "webhooks", "id.时间.请求体", "id.time.body"),
    ("How far may its time be off?", "webhooks", "超过 300 秒就拒绝", "over 300 seconds off"),
    ("How do I build a password reset?", "password-reset", "提交时用掉证明", "Spend the proof when the form is sent"),
    ("What must a reset never say?", "password-reset", "不要说“没有这个用户”", 'say "no such user"'),
    ("Which languages are there?", "widget", "中文和英文", "Chinese and English"),
    ("How is a language added?", "widget", "`fr.po`", "`fr.po`"),
    ("How do I bind after the code?", "bindings", "验证成功之后绑定", "Bind after an approved code"),
    ("Which lines does nginx need?", "deploying", "proxy_buffering off;", "proxy_buffering off;"),
    ("What personal data is kept?", "stored-data", "## 个人数据一览", "## Personal data in six rows"),
    ("How do I uninstall it?", "operating", "userdel codesvc", "userdel codesvc"),
    ("How many codes a day?", "performance", "每天 150 万个验证码", "1.5 million codes a day"),
    ("Which alerts come at night?", "alerts", "夜里也一样", "at night too"),
    ("The console refuses my callback", "wechat-setup", "rejects the signature", '"rejects"'),
    ("How does my page learn of a scan?", "bindings", "{page_url}/state", "{page_url}/state"),
    ("What do I do at 401?", "problems", "Authorization: Bearer csk_…", "Authorization: Bearer csk_…"),
    ("Who tells my chat group?", "monitoring", "codesvc-alarm", "codesvc-alarm"),
    ("Who is this WeChat account?", "personal-data", "扫码登录", "log in by scan"),
    ("Which limit is a purpose's?", "limits", "[sites.shop.purposes.register]", "[sites.shop.purposes.register]"),
    ("How do I install the client?", "client", "pip install", "pip install"),
    ("Where is everything configured?", "configuration", "[`[service]`](#service)", "[`[service]`](#service)"),
]  # fmt: skip


@pytest.mark.parametrize(("question", "page", "chinese", "english"), QUESTIONS)
def test_a_question_is_answered_on_its_page_in_both_languages(question, page, chinese, english):
    for language, answers in (("zh", chinese), ("en", english)):
        text = (DOCS / language / f"{page}.md").read_text(encoding="utf-8")
        assert any(answer in text for answer in answers.split("|")), f"{question} ({language}/{page})"


def test_the_questions_of_both_kinds_are_there():
    assert len(QUESTIONS) >= 34
