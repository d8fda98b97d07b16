"""docs/en|zh/security.md: each claim of the table of attacks has a test that tries it, by name."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TESTS = {
    "steal codes from the store or a backup": (
        "service/test_secrets_stay_out_of_sight.py", "test_the_store_holds_no_code_no_key_no_token_and_no_proof",
    ),
    "use a code twice, or two at once": ("scripts/test_races.py", "test_100_right_codes_are_one_approval"),
    "guess codes": ("scripts/test_guessing_odds.py", "test_no_day_holds_more_guesses_than_the_odds_say"),
    "lock the owner out by using up limits": (
        "service/test_owner_and_attacker.py", "test_the_owner_gets_through_by_scanning_while_the_attack_lasts",
    ),
    "keep out who has no WeChat by using up their SMS": (
        "relay/test_contact_places.py", "test_strangers_in_any_number_of_networks_leave_the_person_a_third",
    ),
    "let a victim scan one's own QR code": (
        "attacks/test_people_who_are_led_on.py", "test_whoever_shows_the_code_reads_nothing_of_who_scanned",
    ),
    "reset a password with one's own WeChat account": (
        "service/test_scan_policies.py", "test_a_user_who_has_a_binding_is_never_approved_by_another_wechat",
    ),
    "learn who is a user": ("service/test_no_oracle.py", "test_every_answer_is_the_same_for_every_kind_of_user"),
    "forge WeChat's callbacks": ("wechat/test_wechat_callback_format.py", "test_nothing_outside_the_envelope_is_read"),
    "move a binding": ("people/test_conflict.py", "test_a_user_has_one_wechat_and_it_decides"),
    "pass on a link from the chat": (
        "people/test_tickets.py", "test_ones_own_link_sent_to_a_logged_in_victim_fails_in_wechat",
    ),
    "make a webhook call an internal address": (
        "webhooks/test_webhook_addresses.py", "test_a_name_that_is_rebound_gains_nothing",
    ),
    "try the operators' passwords": (
        "service/test_operator_lanes.py", "test_strangers_have_a_budget_by_network_and_in_all",
    ),
}  # fmt: skip
ATTACK = re.compile(r"^\| ([^|]+) \| [^|]+ \|$", re.MULTILINE)


def claims(language):
    text = (ROOT / "docs" / language / "security.md").read_text(encoding="utf-8")
    return ATTACK.findall(text.partition("{#attacks}")[2].partition("\n## ")[0])[2:]


def test_every_claim_has_a_test_and_no_test_a_claim_that_has_gone():
    assert claims("en") == list(TESTS)


def test_both_languages_claim_as_much():
    assert len(claims("zh")) == len(claims("en")) > 10


@pytest.mark.parametrize("claim", TESTS)
def test_the_test_exists(claim):
    path, name = TESTS[claim]
    tree = ast.walk(ast.parse((ROOT / "tests" / path).read_text(encoding="utf-8")))
    assert name in {node.name for node in tree if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
