"""A template without end, or with a text that grows without end, is refused in words: at the start, by the admin API,
and whenever it is rendered."""

import pytest
from jinja2 import TemplateError

from codesvc.messages.bounded_environment import TemplateTooDear
from codesvc.messages.templates import BadTemplate, Templates, read_templates, shipped_directory
from tests.registry.test_admin_api import ACCOUNT, ask, office  # noqa: F401  a fixture

GROWS = "{% set a = a ~ a %}"
ENDLESS = {
    "a range": "{% for i in range(10 ** 9) %}x{% endfor %}",
    "two ranges": "{% for i in range(9999) %}{% for j in range(9999) %}{% endfor %}{% endfor %}",
    "a filtered range": "{% for i in range(9999) if i > 99999 %}{% endfor %}" * 100,
    "a range in a list": "{% for i in range(9999)|list * 9 %}{% for j in range(99) %}{% endfor %}{% endfor %}",
    "a product": "{{ 'a' * 10 ** 9 }}",
    "a product the other way": "{{ 1000000000 * 'a' }}",
    "a list's product": "{{ ([0] * 100000000)|length }}",
    "a power": "{{ 9 ** 9 ** 9 }}",
    "a power in steps": "{% set ns = namespace(a=3) %}{% for i in range(99) %}{% set ns.a = ns.a * ns.a %}{% endfor %}",
    "doubling": "{% set a = 'aaaaaaaa' %}" + GROWS * 40 + "{{ a }}",
    "doubling by plus": "{% set a = 'aaaaaaaa' %}" + "{% set a = a + a %}" * 40,
    "doubling by a block": "{% set a = 'aaaaaaaa' %}" + "{% set a %}{{ a }}{{ a }}{% endset %}" * 40,
    "doubling by a format": "{% set a = 'aaaaaaaa' %}" + "{% set a = '%s%s' % (a, a) %}" * 40,
    "doubling by a filter": "{% set a = 'aaaaaaaa' %}" + "{% set a = [a, a]|join %}" * 40,
    "doubling by a method": "{% set a = 'aaaaaaaa' %}" + "{% set a = ''.join([a, a]) %}" * 40,
    "doubling by format()": "{% set a = 'aaaaaaaa' %}" + "{% set a = '{0}{0}'.format(a) %}" * 40,
    "many fields of a format": "{{ ('{0}' * 20000).format('a' * 60000) }}",
    "many fields of a percent": "{{ ('%(a)s' * 9999) % {'a': 'a' * 60000} }}",
    "many fields of a filter": "{{ ('%(a)s' * 9999)|format(a='a' * 60000) }}",
    "doubling by a macro": "{% macro m(x) %}{{ x }}{{ x }}{% endmacro %}{% set a = 'aaaaaaaa' %}"
    + "{% set a = m(a) %}" * 40,
    "a list in itself": "{% set a = [1] %}" + "{% set a = [a, a] %}" * 40 + "{{ a }}",
    "a list in itself, as text": "{% set a = [1] %}" + "{% set a = (a, a) %}" * 40 + "{{ a|string|length }}",
    "a table in itself": "{% set a = {'a': 1} %}" + "{% set a = {'a': a, 'b': a} %}" * 40 + "{{ a|tojson }}",
    "a namespace of lists": "{% set a = [1] %}" + "{% set a = dict(a=a, b=a) %}" * 40 + "{{ a }}",
    "a width": "{{ '%999999999d' % 1 }}",
    "a width from outside": "{{ '%*d' % (999999999, 1) }}",
    "a width of a format": "{{ '{:999999999}'.format(1) }}",
    "a width of a format from outside": "{{ '{:{}}'.format(1, 999999999) }}",
    "a width of a filter": "{{ '%999999999d'|format(1) }}",
    "center": "{{ 'a'|center(10 ** 8) }}",
    "ljust": "{{ 'a'.ljust(100000000) }}",
    "zfill": "{{ 'a'.zfill(width) if false else 'a'.zfill(100000000) }}",
    "tabs": "{{ ('\\t' * 9999).expandtabs(9999) }}",
    "indent": "{{ ('\\n' * 60000)|indent('a' * 60000) }}",
    "replace": "{{ ('a' * 60000)|replace('a', 'b' * 60000) }}",
    "replace of nothing": "{{ ('a' * 60000).replace('', 'b' * 60000) }}",
    "join": "{{ range(9999)|join('a' * 60000) }}",
    "a method's join": "{{ ('a' * 60000).join(['a'] * 9999) }}",
    "batch": "{{ [1]|batch(100000000, 'x')|list|length }}",
    "slice": "{{ [1]|slice(100000000)|list|length }}",
    "lipsum": "{{ lipsum(n=99999) }}",
    "translate": "{{ ('a' * 60000).translate({97: 'b' * 60000}) }}",
    "a macro": "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
    "a recursive loop": "{% for i in [1] recursive %}{{ loop([1, 1]) }}{% endfor %}",
    "a wide recursive loop": (
        "{% for i in range(9999) recursive %}{% if loop.depth < 3 %}{{ loop(range(9999)) }}{% endif %}{% endfor %}"
    ),
    "long bodies": "{% for i in range(9999) %}" + "{% if a == b %}{% endif %}" * 2_000 + "{% endfor %}",
    "octets of a number": "{{ (1).to_bytes(100000, 'big') }}",
    "a number of octets": "{{ (1).from_bytes([1] * 9999, 'big') }}",
    "another encoding": "{{ ('a' * 9999).encode('punycode') }}",
    "octets": "{{ 'a'.encode() }}",
    "a class's method": "{{ dict.fromkeys(range(9999)) }}",
    "many comparisons of lists": (
        "{% set a = [1] * 60000 %}{% set b = [1] * 60000 %}{% for i in range(99) %}{{ a == b }}{% endfor %}"
    ),
    "many tests of lists": (
        "{% set a = [1] * 60000 %}{% set b = [1] * 60000 %}{% for i in range(99) %}{{ a is eq(b) }}{% endfor %}"
    ),
    "many parts of lists": "{% set a = [1] * 60000 %}{% for i in range(99) %}{% set b = a[1:] %}{% endfor %}",
    "many searches in a list": "{% set a = [1] * 60000 %}{% for i in range(99) %}{{ a.count(2) }}{% endfor %}",
    "many sums of lists": (
        "{% set a = [[1] * 60] * 900 %}{% for i in range(99) %}{{ a|sum(start=[])|length }}{% endfor %}"
    ),
    "a search from the right": (
        "{% set a = 'a' * 60000 %}{% for i in range(9) %}{{ a.rpartition('b' ~ 'a' * 30000)|length }}{% endfor %}"
    ),
    "many titles": "{% set a = 'a ' * 30000 %}{% for i in range(999) %}{{ a|title|length }}{% endfor %}",
    "many counts": "{% set a = 'a ' * 30000 %}{% for i in range(999) %}{{ a.count('b') }}{% endfor %}",
    "steps that are given back": "{{ (0 - 10 ** 9)|stepped }}{% for i in range(9999) %}{% for j in range(99) %}"
    "{% endfor %}{% endfor %}",
    "much output": "{% set a = 'a' * 60000 %}{% for i in range(9999) %}{{ a }}{% endfor %}",
}


@pytest.mark.parametrize("name", ENDLESS)
def test_a_message_field_without_end_is_refused(name):
    source = "{% set a = 'a' * 9 %}{% set b = 'b' %}" + ENDLESS[name]
    field = Templates().fields({"thing1": source})["thing1"]
    with pytest.raises(TemplateError) as refused:
        field.render({"width": 3})
    if name != "lipsum":
        assert isinstance(refused.value, TemplateTooDear), refused.value


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ site }}：{{ code }}", "茶馆：123456"),
        ("{% for letter in code %}{{ letter }}{% if not loop.last %}-{% endif %}{% endfor %}", "1-2-3-4-5-6"),
        ("{{ '%s (%d)' % (site, 86400) }}{{ '%06d'|format(12345) }}", "茶馆 (86400)012345"),
        ("{{ '{:>8}|{}'.format(code, site) }}", "  123456|茶馆"),
        ("{{ code|replace('1', 'one')|center(10)|upper }}", " ONE23456 "),
        (
            "{{ minutes * 60 }} {{ minutes ** 2 }} {{ minutes|default(86400) }} {{ 1700000000000 // 1000 }}",
            "300 25 5 1700000000",
        ),
        ("{% macro twice(x) %}{{ x }}{{ x }}{% endmacro %}{{ twice(site) }}", "茶馆茶馆"),
        ("{% for a, b in [('x', 1), ('y', 2)] if b > 1 %}{{ a }}{% else %}-{% endfor %}", "y"),
        ("{{ [site, code]|join(' ') }} {{ {'a': 1}.a }} {{ range(3)|list }}", "茶馆 123456 1 [0, 1, 2]"),
        ("{% for i in [[1, [2]], [3]] recursive %}{{ loop(i) if i is iterable else i }}{% endfor %}", "123"),
    ],
)
def test_what_operators_write_is_rendered_as_before(source, text):
    field = Templates().fields({"thing1": source})["thing1"]
    assert field.render({"site": "茶馆", "code": "123456", "minutes": 5}) == text


@pytest.mark.parametrize("name", ["striptags", "urlize", "wordwrap", "pprint", "random"])
def test_filters_that_take_long_for_short_texts_are_not_there(name):
    with pytest.raises(BadTemplate, match=name):
        Templates().fields({"thing1": f"{{{{ site|{name} }}}}"})


def test_each_rendering_has_a_budget_of_its_own():
    source = "{% for i in range(400) %}{{ 'x'|upper if i == 1 else '' }}{% endfor %}"
    field = Templates().fields({"thing1": source})["thing1"]
    for _ in range(20):
        assert field.render({}) == "X"


@pytest.mark.parametrize(
    "body", ["{% for i in range(10 ** 9) %}{% endfor %}", "{% include 'chat/en/expired.txt' %}" * 2]
)
def test_an_override_without_end_stops_the_start(body):
    with pytest.raises(BadTemplate, match=r"chat/en/expired\.txt.*takes too long"):
        Templates({"chat/en/expired.txt": body})


def test_an_override_of_a_page_without_end_stops_the_start():
    page = "{% for i in range(9999) %}{% for j in range(9999) %}{% endfor %}{% endfor %}"
    with pytest.raises(BadTemplate, match=r"pages/trouble\.html.*takes too long"):
        Templates({"pages/trouble.html": page})


@pytest.mark.parametrize("fields", [{"thing1": ENDLESS["two ranges"]}, {"thing1": ENDLESS["a power"]}])
async def test_the_admin_api_refuses_it_in_words(
    office,  # noqa: F811
    fields,
):
    given = ACCOUNT | {"messages": {"code": {"template_id": "x", "fields": fields}}}
    answer = await ask(office, "PUT", "/accounts/second", given)
    assert (answer.status, answer.problem) == (400, "invalid")
    assert {error["pointer"] for error in answer["errors"]} == {"/messages"}
    assert "takes too long or too much memory" in answer["errors"][0]["detail"]


LOOPS = "{% for i in t.many %}{% for j in t.many %}{% endfor %}{% endfor %}"


class Speaking:
    """The texts of a page."""

    tag, direction = "en", "ltr"

    def __init__(self, many=3):
        self.many = range(many)

    def __call__(self, key, **_):
        return f"<{key}>"

    def best(self, *keys):
        return keys[0]


@pytest.mark.parametrize("changed", ["pages/trouble.html", "pages/layout.html"])
def test_a_page_with_an_overridden_part_is_bounded(changed):
    """Also a shipped page that includes what an operator wrote: `trouble.html` extends `layout.html`."""
    shipped = read_templates(shipped_directory())[changed]
    templates = Templates({changed: shipped.replace("<main", LOOPS + "<main").replace("<body", LOOPS + "<body")})
    variables = {"t": Speaking(), "kind": "busy", "nonce": "x"}
    assert "<main" in templates.page("trouble", variables)
    with pytest.raises(TemplateTooDear):
        templates.page("trouble", variables | {"t": Speaking(9_000)})


def test_a_chat_text_with_an_override_beside_it_is_bounded():
    templates = Templates({"chat/zh/expired.txt": "{% set t = t | default({'many': [1]}) %}" + LOOPS + "忙"})
    assert templates.chat("expired", "zh", {"t": Speaking()}) == "忙"
    with pytest.raises(TemplateTooDear):
        templates.chat("expired", "zh", {"t": Speaking(9_000)})


@pytest.mark.parametrize("own", [None, {"message/mine.toml": 'thing1 = "{{ code }}"'}])
def test_what_nobody_overrode_reads_the_same_without_bounds(own):
    shipped = read_templates(shipped_directory())
    beside = {name: shipped[name] for name in ("pages/style.css", "chat/zh/soon.txt")}
    plain, bounded = Templates(own), Templates(beside)
    variables = {"t": Speaking(), "kind": "busy", "nonce": "x"}
    assert plain.page("trouble", variables) == bounded.page("trouble", variables)
    assert plain.chat("expired", "zh", {}) == bounded.chat("expired", "zh", {})
