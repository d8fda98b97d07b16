"""Random messages and random starts: what the service accepts at its start, the sandbox never refuses and always shows.

The sandbox's own rendering (`codesvc.sandbox.template.lay_out`) is what its phone shows.
"""

import msgspec
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from codesvc.app import prepare
from codesvc.config import ConfigError, parse
from codesvc.domain.codes import ALPHABET_NAMES, CodeFormat, VerificationId, normalise
from codesvc.domain.device import family
from codesvc.domain.limits import NO_ADDRESS, bucket
from codesvc.domain.record import Fixed
from codesvc.messages.field_trial import BadMessage
from codesvc.sandbox.account import TemplateSpec
from codesvc.sandbox.template import lay_out
from codesvc.wechat.template_fields import FieldKind
from tests.rules.records import a_record
from tests.world import document

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
FIELDS = st.lists(LIKELY | st.tuples(st.sampled_from(KINDS), PLAIN | CLEVER), min_size=1, max_size=4).map(
    lambda rows: {f"{kind}{number}": source for number, (kind, source) in enumerate(rows, 1)}
)
NAMES = st.text(st.sampled_from("山月茶铺店Aé·. 5😀"), min_size=1, max_size=30).map(str.strip).filter(bool)
LOCAL = st.fixed_dictionaries({"zh": NAMES, "en": NAMES})
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
AGENTS = st.sampled_from(
    ["", "curl/8", "\x00", "iPhone", "iPad", "HarmonyOS", "Android", "Windows", "Macintosh", "cros"]
)
ADDRESSES = st.ip_addresses().map(bucket)
QUIET = settings(
    max_examples=40, deadline=None, phases=[Phase.generate, Phase.shrink], suppress_health_check=list(HealthCheck)
)


def built(tmp_path, name, client_ip, purpose, messages):
    """The service's parts with this configuration; None if it would not start."""
    tables = document("http://127.0.0.1:1", "http://127.0.0.1:2")
    del tables["sites"]["cafe"]
    tables["accounts"]["main"]["messages"] = {
        key: {"template_id": "x" * 43, "fields": fields} for key, fields in messages.items()
    }
    tables["sites"]["shop"] |= {"name": name, "client_ip": client_ip, "purposes": {"register": purpose}}
    tables["sites"]["shop"]["purposes"]["reset"] = {"channels": []}
    try:
        return prepare(parse(tables, env={}, directory=tmp_path))
    except (BadMessage, ConfigError):
        return None


def template(fields, kind="category"):
    content = "".join(f"行：{{{{{key}.DATA}}}}\n" for key in fields)
    return TemplateSpec(template_id="x" * 43, title="t", content=content, kind=kind)


def sent(values):
    return {key: {"value": value} for key, value in values.items()}


@QUIET
@given(data=st.data(), fields=FIELDS, site=SITE)
def test_no_start_ends_as_a_refusal_or_hides_the_code(tmp_path_factory, data, fields, site):
    name, purpose, client_ip = site["name"], site["purpose"], site["client_ip"]
    fixed = built(tmp_path_factory.getbasetemp(), name, client_ip, purpose, {"code": fields})
    assume(fixed is not None)
    letter = ALPHABET_NAMES[purpose["code_alphabet"]]
    for _ in range(4):
        length = data.draw(
            st.sampled_from([purpose["code_length"], max(purpose["code_length"], purpose["long_code_length"])])
        )
        (identifier,) = VerificationId.mint(fixed.keyring.current.key_id, CodeFormat(letter, length))
        about = Fixed(locale=data.draw(st.sampled_from(["zh", "en"])), agent=family(data.draw(AGENTS)))
        address = data.draw(ADDRESSES if client_ip == "required" else ADDRESSES | st.just(NO_ADDRESS))
        life = data.draw(st.integers(1, 600)) * 1000
        record = a_record(
            id=identifier.text,
            purpose="register",
            address=address,
            fixed=msgspec.json.encode(about).decode(),
            expires=1_700_000_000_000 + life,
            now=1_700_000_000_000,
        )
        values = fixed.composer.fields("main", "code", record)
        shown = lay_out(template(fields), sent(values))
        assert all(shown.data.values())
        if purpose["reveal"] == "message":
            assert fixed.composer.code_of(record) in normalise(shown.text)
