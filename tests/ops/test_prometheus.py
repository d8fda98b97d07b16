"""The dashboard and the alert rules hold what they promise: real expressions, over numbers that the service has."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from codesvc.runtime import metrics
from codesvc.wechat.call_labels import UNANSWERED
from codesvc.wechat.errcodes import TABLE, Verdict
from tests.programs import program_path

ROOT = Path(__file__).parents[2]
RULES = ROOT / "ops" / "prometheus" / "codesvc.rules.yml"
RULE_TESTS = RULES.with_name("codesvc.rules.test.yml")
DASHBOARD = json.loads((ROOT / "ops" / "grafana" / "codesvc.json").read_text(encoding="utf-8"))
RULE = re.compile(r"- alert: (\w+)\n\s+expr: >-\n(.*?)\n\s+(?:for|labels):", re.DOTALL)
ALERTS = {name: " ".join(text.split()) for name, text in RULE.findall(RULES.read_text(encoding="utf-8"))}
PANELS = [
    pytest.param(target["expr"], id=f"{panel['title']} {target['refId']}")
    for panel in DASHBOARD["panels"]
    for target in panel.get("targets", [])
]


@pytest.fixture(scope="session")
def promtool():
    """Prometheus' own reader of queries."""
    found = program_path("promtool", "prometheus")

    def run(*words, **more):
        return subprocess.run([found, *words], check=False, capture_output=True, text=True, timeout=60, **more)

    return run


def without_variables(expression):
    """As Prometheus is asked once Grafana has put its variables in."""
    for name, value in {
        "$__rate_interval": "5m", "$__range": "1d", "$site": ".*", "$purpose": ".*", "$account": ".*",
    }.items():  # fmt: skip
        expression = expression.replace(name, value)
    return expression


@pytest.fixture(scope="session")
def offered():
    """Every series name of /metrics, with its labels."""
    found = {}
    for family in metrics.REGISTRY.collect():
        sampled = {"counter": ["_total"], "gauge": [""], "histogram": ["_bucket", "_count", "_sum"]}[family.type]
        labels = set(metrics.REGISTRY._names_to_collectors[family.name]._labelnames) | {"le"}
        found |= {family.name + ending: labels for ending in sampled}
    return found


def names_in(expression):
    return set(re.findall(r"\bcodesvc_\w+", expression))


def test_there_is_something_to_check():
    assert len(ALERTS) >= 20
    assert len(PANELS) >= 40


def test_the_rules_are_rules(promtool):
    done = promtool("check", "rules", RULES)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(ALERTS)} rules found" in done.stdout


def test_every_alert_fires_when_it_should_and_a_quiet_day_stays_quiet(promtool):
    done = promtool("test", "rules", RULE_TESTS.name, cwd=RULE_TESTS.parent)
    assert done.returncode == 0, done.stdout + done.stderr
    tested = set(re.findall(r'alertname="(\w+)"', RULE_TESTS.read_text(encoding="utf-8")))
    assert tested == ALERTS.keys()


def test_every_query_of_the_dashboard_is_one(promtool, tmp_path):
    rules = [
        {"record": f"panel:{number}", "expr": without_variables(panel.values[0])} for number, panel in enumerate(PANELS)
    ]
    assert not any("$" in rule["expr"] for rule in rules)
    # YAML reads JSON.
    path = tmp_path / "dashboard.yml"
    path.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}), encoding="utf-8")
    done = promtool("check", "rules", path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("expression", [*PANELS, *(pytest.param(text, id=name) for name, text in ALERTS.items())])
def test_every_query_asks_for_what_the_service_has(expression, offered):
    asked = names_in(expression)
    assert asked
    assert asked <= offered.keys()
    for name, selector in re.findall(r"\b(codesvc_\w+)\{([^}]*)\}", expression):
        assert set(re.findall(r"(\w+)(?:=~|!~|!=|=)", selector)) <= offered[name]
    for grouped in re.findall(r"\bby \(([^)]*)\)", expression):
        wanted = {label.strip() for label in grouped.split(",")}
        assert any(wanted <= offered[name] for name in asked)


@pytest.mark.parametrize("variable", DASHBOARD["templating"]["list"], ids=lambda variable: variable["name"])
def test_every_variable_is_filled_from_what_the_service_has(variable, offered):
    if variable["type"] == "query":
        [(name, label)] = re.findall(r"label_values\((\w+)(?:\{[^}]*\})?, (\w+)\)", variable["definition"])
        assert label in offered[name]


def test_every_refusal_that_needs_an_act_wakes_somebody():
    acting = {str(code) for code, triage in TABLE.items() if triage.verdict in {Verdict.STOP, Verdict.OUR_FAULT}}
    assert set(re.findall(r"\d{5}", ALERTS["CodesvcNeedsAction"])) == acting | {"40001"}


def test_every_kind_of_silence_counts():
    [words] = re.findall(r'errcode=~"([a-z_|-]+)"', ALERTS["CodesvcWeChatUnanswered"])
    assert set(words.split("|")) == UNANSWERED


def test_every_alert_is_explained():
    text = (ROOT / "docs" / "en" / "alerts.md").read_text(encoding="utf-8")
    assert [name for name in ALERTS if f"`{name}`" not in text] == []


def test_every_number_is_documented():
    text = (ROOT / "docs" / "en" / "metrics.md").read_text(encoding="utf-8")
    families = [family.name + ("_total" if family.type == "counter" else "") for family in metrics.REGISTRY.collect()]
    assert [name for name in families if f"`{name}`" not in text] == []


def test_panels_do_not_lie_on_one_another():
    cells = [
        (x, y)
        for panel in DASHBOARD["panels"]
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(cells) == len(set(cells))
    assert all(x < 24 for x, _ in cells)
