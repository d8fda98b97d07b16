"""The fact sheet's errcodes, each with a verdict; and the ones whose verdict a person's code depends on."""

import re

import pytest

from codesvc.wechat.client import TOKEN_ERRCODES
from codesvc.wechat.errcodes import TABLE, Pause, Verdict, judge, judge_token

# WECHAT.md 2 and 6.3, row by row; and 45028 and 45082 of the tables of SDKs.
FACT_SHEET = """
-1 0 40001 40002 40003 40013 40014 40029 40030 40032 40033 47002 40035 40036 40037 40039 40048 40052 40053 40066 40102
40125 40163 40164 40165 40166 40241 40243 40246 40249 40252 41001 41002 41004 41003 41008 41009 41028 41029 41030 42001
42002 42003 42007 43001 43002 43003 43004 43019 43100 43101 43106 43107 43108 43116 43117 44002 45009 45011 45015 45026
45027 45028 45029 45047 45082 45103 45109 45168 46004 47001 47003 48001 48002 48004 48006 50001 50002 50005 61004 45035
76003 76021 76022 89501 89502 89503 89504 89505 89506 89507
"""
UNEXPLAINED = (1119003, 1119004)  # "seen with template send, meaning unknown"


def test_the_table_holds_the_fact_sheet_and_nothing_else():
    assert set(TABLE) == {int(code) for code in FACT_SHEET.split()}


@pytest.mark.parametrize("code", TABLE)
def test_each_row(code):
    judged = judge(code)
    assert judged.errcode == code
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", judged.reason)
    if judged.verdict in {Verdict.STOP, Verdict.OUR_FAULT}:
        assert judged.alarm
    if judged.verdict in {Verdict.RETRY, Verdict.REFRESH_TOKEN}:
        assert judged.pause is not Pause.NONE
    if judged.verdict is Verdict.DONE:
        assert (judged.pause, judged.alarm) == (Pause.NONE, False)


@pytest.mark.parametrize(
    ("code", "verdict", "reason", "pause", "alarm"),
    [
        (0, Verdict.DONE, "ok", Pause.NONE, False),
        (-1, Verdict.RETRY, "busy", Pause.BACKOFF, False),
        (45011, Verdict.RETRY, "minute-quota", Pause.MINUTE, False),
        (45009, Verdict.FALL_BACK, "quota", Pause.DAY, True),
        (40241, Verdict.FALL_BACK, "duplicate", Pause.NONE, False),
        (45028, Verdict.STOP, "mass-quota", Pause.NONE, True),
        (45082, Verdict.STOP, "url-licence", Pause.NONE, True),
        (40252, Verdict.FALL_BACK, "in-review", Pause.NONE, False),
        (43004, Verdict.FALL_BACK, "not-following", Pause.NONE, False),
        (43101, Verdict.FALL_BACK, "refused", Pause.NONE, False),
        (43117, Verdict.FALL_BACK, "too-frequent", Pause.PERSON, False),
        (43116, Verdict.STOP, "template-banned", Pause.NONE, True),
        (40249, Verdict.STOP, "content-blocked", Pause.NONE, True),
        (47003, Verdict.OUR_FAULT, "field-value", Pause.NONE, True),
        (41001, Verdict.OUR_FAULT, "token-missing", Pause.NONE, True),
    ],
)
def test_the_ones_that_matter(code, verdict, reason, pause, alarm):
    judged = judge(code)
    assert (judged.verdict, judged.reason, judged.pause, judged.alarm) == (verdict, reason, pause, alarm)


def test_token_codes_are_those_that_the_client_repeats():
    assert {code for code, judged in TABLE.items() if judged.verdict is Verdict.REFRESH_TOKEN} == TOKEN_ERRCODES


@pytest.mark.parametrize("code", [*UNEXPLAINED, 1, -2, 99999999])
def test_an_unknown_code_falls_back_and_sounds_the_alarm(code):
    judged = judge(code)
    assert (judged.verdict, judged.reason, judged.alarm) == (Verdict.FALL_BACK, "unknown", True)


def test_at_the_token_endpoint_a_wrong_secret_is_not_a_stale_token():
    assert judge_token(40001).verdict is Verdict.OUR_FAULT
    assert judge_token(40164).reason == "ip-not-listed"
    assert judge_token(-1).verdict is Verdict.RETRY
