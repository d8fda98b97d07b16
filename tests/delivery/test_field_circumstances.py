"""Random messages and random starts: what the service accepts at its start, the sandbox never refuses and always shows.

The sandbox's own rendering (`codesvc.sandbox.template.lay_out`) is what its phone shows.
"""

import re
from ipaddress import ip_address
from itertools import product

import msgspec
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from codesvc.config import ConfigError, parse
from codesvc.domain.addresses import NO_ADDRESS, bucket
from codesvc.domain.codes import ALPHABET_NAMES, VerificationId
from codesvc.domain.device import family
from codesvc.domain.guessing import formats_of
from codesvc.domain.keyring import Keyring
from codesvc.domain.record import Fixed
from codesvc.domain.signed_links import Links
from codesvc.domain.typed_text import normalise
from codesvc.messages.composer import Composer
from codesvc.messages.field_trial import BadMessage
from codesvc.messages.templates import Templates
from codesvc.sandbox.account import TemplateSpec
from codesvc.sandbox.template import lay_out
from codesvc.sites.registry.reading import configured_directory
from codesvc.wechat.template_fields import FieldKind
from tests.rules.records import a_record
from tests.world import MASTER, document

KINDS = [str(kind) for kind in FieldKind if kind]
VARIABLES = [
    *("code", "site", "purpose", "account", "expires_time", "expires_at", "now_at", "minutes", "locale", "reference"),
    *("agent", "place"),
]
PLAIN = st.lists(
    st.sampled_from([f"{{{{ {name} }}}}" for name in VARIABLES])
    | st.sampled_from(["验证码", "：", "-", "1", "x", "分钟", " ", "0"]),
    min_size=1,
    max_size=3,
).map("".join)
CLEVER = st.sampled_from(
    [
        "{% if agent == 'Mac' %}{% else %}x{% endif %}",
        "{{ code[:2] }}-{{ code[2:] }}",
        "{% if minutes > 2 %}{{ code }}{% endif %}",
        "{{ place or agent }}",
        "{{ 10 // (minutes - 3) }}",
        "{{ code | int }}",
        "{% if locale == 'zh' %}{{ purpose }}{% else %}{{ site }}{% endif %}",
        "{{ reference[5] }}",
    ]
)
LIKELY = st.sampled_from(
    [
        ("character_string", "{{ code }}"),
        ("thing", "{{ code }}"),
        ("thing", "{{ site }}{{ purpose }}"),
        ("thing", "{{ agent }}"),
        ("thing", "{{ agent }} {{ place }}"),
        ("thing", "{{ reference }} {{ code }} {{ minutes }}"),
        ("number", "{{ code }}"),
        ("number", "{{ minutes }}"),
        ("letter", "{{ reference }}"),
        ("phrase", "{{ purpose }}"),
        ("time", "{{ expires_at }}"),
        ("date", "{{ now_at }}"),
        ("character_string", "{{ place }}"),
        ("phone_number", "{{ place }}"),
        ("name", "{{ agent }}"),
        ("car_number", "{{ code }}"),
        ("symbol", "{{ place }}"),
    ]
)
SHOWN = st.sampled_from([("character_string", "{{ code }}"), ("thing", "{{ purpose }} {{ code }}")])
MORE = st.lists(LIKELY | st.tuples(st.sampled_from(KINDS), PLAIN | CLEVER), max_size=3)
FIELDS = (
    st.tuples(SHOWN | LIKELY, MORE)
    .map(lambda found: [found[0], *found[1]])
    .map(lambda rows: {f"{kind}{number}": source for number, (kind, source) in enumerate(rows, 1)})
)
NAMES = st.text(st.sampled_from("山月茶铺店Aé·. 5😀"), min_size=1, max_size=30).map(str.strip).filter(bool)
USUAL = st.sampled_from([{"zh": "注册", "en": "Sign-up"}, {"zh": "山月茶铺", "en": "Moonhill Tea"}])
LOCAL = USUAL | st.fixed_dictionaries({"zh": NAMES, "en": NAMES})
LENGTHS = st.integers(4, 12)
PURPOSE = st.fixed_dictionaries(
    {
        "name": LOCAL,
        "code_alphabet": st.sampled_from(sorted(ALPHABET_NAMES)),
        "code_length": LENGTHS,
        "long_code_length": LENGTHS,
        "reveal": st.sampled_from(["message", "message", "tap"]),
    }
)
SITE = st.fixed_dictionaries({"name": LOCAL, "purpose": PURPOSE, "client_ip": st.sampled_from(["required", "none"])})
BROWSERS = ["", "curl/8", "\x00", "iPhone", "Windows NT", "Macintosh", "HarmonyOS"]
ADDRESSES = [bucket(ip_address(text)) for text in ("1.2.3.4", "203.113.200.9", "2001:db8::1", "fedc:abcd::")]
NOW = 1_764_000_000_000
TEMPLATES, RING = Templates(), Keyring(MASTER.encode())
QUIET = settings(max_examples=150, phases=[Phase.generate, Phase.shrink], suppress_health_check=list(HealthCheck))


def built(directory, site, fields):
    """The composer of a service with this configuration; None if it would not start."""
    tables = document("http://127.0.0.1:1", "http://127.0.0.1:2")
    del tables["sites"]["cafe"]
    tables["accounts"]["main"]["messages"] = {"code": {"template_id": "x" * 43, "fields": fields}}
    purposes = {"register": site["purpose"], "reset": {"channels": []}}
    tables["sites"]["shop"] |= {"name": site["name"], "client_ip": site["client_ip"], "purposes": purposes}
    try:
        parsed = parse(tables, env={}, directory=directory)
        return Composer(TEMPLATES, RING, configured_directory(parsed), Links("http://127.0.0.1:1", RING))
    except (BadMessage, ConfigError):
        return None


def starts(site):
    """One record for each kind of start, with a code and a remaining time of its own."""
    purpose = site["purpose"]
    forms = dict.fromkeys(formats_of(purpose["code_alphabet"], purpose["code_length"], purpose["long_code_length"]))
    addresses = [*ADDRESSES, NO_ADDRESS] if site["client_ip"] == "none" else ADDRESSES
    for number, (form, locale, browser, address) in enumerate(product(forms, ("zh", "en"), BROWSERS, addresses)):
        (identifier,) = VerificationId.mint(RING.current.key_id, form)
        now = NOW + number * 3_600_000 * 27
        yield a_record(
            id=identifier.text,
            address=address,
            fixed=msgspec.json.encode(Fixed(locale=locale, agent=family(browser))).decode(),
            expires=now + 1_000 + number * 7_919 % 600 * 1_000,
            now=now,
        )


@QUIET
@given(fields=FIELDS, site=SITE)
def test_no_start_ends_as_a_refusal_or_hides_the_code(tmp_path_factory, fields, site):
    composer = built(tmp_path_factory.getbasetemp(), site, fields)
    assume(composer is not None)
    content = "".join(f"行：{{{{{key}.DATA}}}}\n" for key in fields)
    template = TemplateSpec(template_id="x" * 43, title="t", content=content)
    plain = all(re.fullmatch(r"(?:[^{]|\{\{ \w+ \}\})*", source) for source in fields.values())
    for record in starts(site):
        with capture_logs() as lines:
            values = composer.fields("main", "code", record)
        # What replaces a wrong value is a second net. A plain source must not need it.
        assert lines == [] or not plain
        shown = lay_out(template, {key: {"value": value} for key, value in values.items()})
        assert all(shown.data.values())
        if site["purpose"]["reveal"] == "message":
            assert composer.code_of(record) in normalise(shown.text)
