"""The store's typed calls hand over what the scripts' headers name, and read what the scripts answer."""

import ast
import re
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from codesvc import store as room
from codesvc.domain.clock import Offset
from codesvc.store.act import STANDING_ARGS, STANDING_KEYS
from codesvc.store.outcomes import Outcome
from codesvc.store.replies import NOT_READ, Reply, VerificationReply, reader
from codesvc.store.script import load, names
from codesvc.store.store import Store
from tests import stores
from tests.rules.test_script_headers import SCRIPTS, bare

MODULES = {path.stem: ast.parse(path.read_text()) for path in sorted(Path(room.__file__).parent.glob("*.py"))}
EACH_TIME = {"event", "notice"}
"""Standing arguments that are another at each call: a prepared call hands them over itself."""


def calls(tree):
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


def name_of(node):
    """`self._read` and `read` are the same act, handed on."""
    if isinstance(node, ast.Attribute):
        return node.attr.lstrip("_")
    return node.id if isinstance(node, ast.Name) else ""


def acts_of(tree):
    """Scripts by the attribute that runs them."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and name_of(node.value.func) == "Act":
            found[name_of(node.targets[0])] = node.value.args[1].value
    return found


def members(part, tree):
    """The names in a dictionary: they stand where the call is, or in what a function of the module returns."""
    if isinstance(part, ast.Call):
        [function] = [
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef) and node.name.lstrip("_") == name_of(part.func).lstrip("_")
        ]
        part = function.body[-1].value
    assert isinstance(part, ast.Dict), ast.unparse(part)
    spread = [members(value, tree) for key, value in zip(part.keys, part.values, strict=True) if key is None]
    return {key.value for key in part.keys if key is not None}.union(*spread)


def written_out(call, tree, *places):
    """Names of the keys and of the arguments."""
    return tuple(members(call.args[place], tree) for place in places)


def every_call():
    """For each script: how it is called, and how it is prepared; and the runs of prepared calls, by module."""
    direct, prepared, runs = defaultdict(list), defaultdict(list), defaultdict(list)
    for module, tree in MODULES.items():
        acts = acts_of(tree)
        for call in calls(tree) if acts else ():
            if name_of(call.func) in acts and len(call.args) == 3:
                direct[acts[name_of(call.func)]].append(written_out(call, tree, 1, 2))
            elif name_of(call.func) == "prepare":
                prepared[acts[name_of(call.func.value)]].append((module, *written_out(call, tree, 1, 2)))
            elif name_of(call.func) in {"run", "raw"}:
                runs[module].append(written_out(call, tree, 0, 1))
    return direct, prepared, runs


DIRECT, PREPARED, RUNS = every_call()


def test_each_script_belongs_to_one_act():
    assert sorted(script for tree in MODULES.values() for script in acts_of(tree).values()) == names()


@pytest.mark.parametrize("name", names())
def test_a_call_hands_over_what_the_header_names(name):
    script = load(name)
    keys, args = set(script.keys) - STANDING_KEYS, set(script.args) - STANDING_ARGS.keys()
    assert DIRECT[name] or PREPARED[name], "never called"
    assert DIRECT[name] == [(keys, args)] * len(DIRECT[name])
    for module, fixed_keys, fixed_args in PREPARED[name]:
        varying = keys - fixed_keys, args - fixed_args | (set(script.args) & EACH_TIME)
        assert fixed_keys <= keys
        assert fixed_args <= args
        assert varying in RUNS[module]


def test_every_run_of_a_prepared_call_belongs_to_one():
    assert {module: len(runs) for module, runs in RUNS.items()} == {
        module: sum(module == where for calls in PREPARED.values() for where, *_ in calls) for module in RUNS
    }


def test_nothing_outside_of_the_store_runs_a_script():
    package = Path(room.__file__).parent.parent
    for path in package.rglob("*.py"):
        if path.parent.name != "store":
            assert not re.search(r"\bcodesvc\.store\.act\b|\.deployment\.|\beval(sha)?\(", path.read_text()), path


@pytest.fixture(scope="module")
def acts():
    store = Store(SimpleNamespace(several=False), offset=Offset(movable=False), prefix="cs")
    return stores.acts_of(store, store.webhooks.queue("me"))


@pytest.mark.parametrize("name", names())
def test_a_reply_has_the_fields_that_the_header_names(acts, name):
    fields = {field.name for field in msgspec.structs.fields(acts[name].reply)} - {"outcome", "now"}
    assert fields == {part for parts in load(name).replies.values() for part in parts} - {NOT_READ}


def split(text):
    """What commas separate, brackets aside."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "({[") - (letter in ")}]")
        if letter == "," and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]


def balanced(text, start):
    """What stands in the bracket that opens at `start`."""
    depth = 0
    for end in range(start, len(text)):
        depth += (text[end] in "({[") - (text[end] in ")}]")
        if not depth:
            return text[start + 1 : end]
    raise AssertionError("a bracket that nothing closes")


def answers(name):
    """Each answer of a script as Lua says it: outcome, and what follows outcome and time."""
    text = re.sub(r"'[({[]'", "''", bare((SCRIPTS / f"{name}.lua").read_text()))
    batched = re.search(r"\beach\(", text)
    several = re.findall(r"\boutcome(?:, \w+)* = '([a-z-]+)'", text)
    for found in re.finditer(r"\breturn (answer)?([({])(?='|outcome)", text):
        said, *parts = split(balanced(text, found.start(2)))
        if found[1]:
            # answer(outcome, r, extra, left) says the record, extra, left and what happened for the first time.
            parts = ["record", *[part for part in parts[1:] if part != "0"]]
        else:
            assert parts.pop(0) == "now"
        if batched and not found[1] and said == "'done'":
            continue
        for outcome in several if said == "outcome" else [said.strip("'")]:
            yield Outcome(outcome), parts, bool(found[1])


@pytest.mark.parametrize("name", names())
def test_the_header_names_every_part_of_an_answer(name):
    for outcome, parts, by_answer in answers(name):
        named = load(name).replies[outcome]
        if by_answer:
            assert named[0] in {"record", "intent", "ticket", "message"}
            assert len(parts) <= len(named) <= 4
            assert all(part != NOT_READ for part in named[-1:])
        else:
            assert len(named) == len(parts), (outcome, parts)


class Odd(VerificationReply, frozen=True):
    wrong: int = 0


@pytest.mark.parametrize("kind", [Reply, Odd])
def test_a_reply_with_other_fields_than_the_headers_is_refused(kind):
    with pytest.raises(ValueError, match="the header"):
        reader(load("cancel").replies, kind)


def test_a_part_of_a_type_that_nobody_reads_is_refused():
    class Unread(Reply, frozen=True):
        amount: float = 0

    with pytest.raises(KeyError):
        reader({Outcome.DONE: ("amount",)}, Unread)
