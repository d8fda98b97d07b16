"""Scripts do what their headers say: outcomes, keys, arguments and fragments, read out of the Lua itself."""

import re
from functools import cache
from importlib.resources import files

import pytest

from codesvc.store import script
from codesvc.store.outcomes import Outcome

SCRIPTS = files("codesvc.store") / "scripts"
FUNCTION = re.compile(r"^local function (\w+)\((?:[^\n]*\send|[^\n]*\n(?:.*?\n)?end)$", re.MULTILINE | re.DOTALL)


def bare(text):
    """Lua without comments."""
    return re.sub(r"--.*", "", text)


@cache
def fragment(name):
    """A fragment's functions by name, and what stands outside of them."""
    text = bare((SCRIPTS / "fragments" / f"{name}.lua").read_text())
    functions = {found[1]: found[0] for found in FUNCTION.finditer(text)}
    return functions, FUNCTION.sub("", text)


ALL_FUNCTIONS = {
    function: entry.name.removesuffix(".lua")
    for entry in (SCRIPTS / "fragments").iterdir()
    for function in fragment(entry.name.removesuffix(".lua"))[0]
}


def header(name):
    return dict(script._HEADER.findall((SCRIPTS / f"{name}.lua").read_text()))


def reached(name):
    """The script's own text, its fragments' top level, and every fragment function that can be called from it."""
    text = bare((SCRIPTS / f"{name}.lua").read_text())
    texts = [text, *(fragment(used)[1] for used in header(name)["USES"].split())]
    found, todo = {}, list(texts)
    while todo:
        for word in set(re.findall(r"\b(\w+)\(", todo.pop())) & ALL_FUNCTIONS.keys() - found.keys():
            found[word] = fragment(ALL_FUNCTIONS[word])[0][word]
            todo.append(found[word])
    return texts, found


def test_the_reader_reads_functions():
    functions, rest = fragment("record")
    assert {"read_record", "status_of", "is_gone", "write", "end_as", "answer", "wake"} <= functions.keys()
    assert functions["wake"].endswith("end")
    assert "function" not in rest
    assert "clock_parts" in fragment("clock")[1]


@pytest.mark.parametrize("name", script.names())
def test_outcomes_are_what_the_script_really_returns(name):
    text = bare((SCRIPTS / f"{name}.lua").read_text())
    # A script may hand on what this fragment's function answers.
    handed_on = fragment("admission")[0]["refusal"] if "return refused" in text else ""
    said = set(re.findall(r"return (?:\{|answer\()'([a-z-]+)'", text + handed_on))
    if "{outcome, now" in text or "answer(outcome" in text:
        said |= set(re.findall(r"\boutcome(?:, \w+)* = '([a-z-]+)'", text))
    assert said == set(header(name)["OUTCOMES"].split())
    # What its own functions return is an answer too, or nobody's business. `moving` is an error (moving.lua).
    outside = FUNCTION.sub("", text)
    returns = len(re.findall(r"\breturn\b", outside))
    read = len(
        re.findall(r"return (?:\{'[a-z-]+', now|answer\('|\{outcome, now|answer\(outcome|refused|moving\b)", outside)
    )
    assert read == returns > 0


@pytest.mark.parametrize("name", script.names())
@pytest.mark.parametrize(("table", "line"), [("A", "ARGS"), ("K", "KEYS")])
def test_every_key_and_argument_is_declared_and_used(name, table, line):
    texts, functions = reached(name)
    used = set(re.findall(rf"\b{table}\.(\w+)", "\n".join([*texts, *functions.values()])))
    declared = header(name)[line].split()
    assert len(declared) == len(set(declared))
    assert used <= set(declared), "used, but not declared"
    # These four say where the script is; they are handed over together.
    assert set(declared) <= used | {"offset", "root", "account", "topic"}, "declared, but never used"
    assert table == "K" or "offset" in declared


@pytest.mark.parametrize("name", script.names())
def test_every_function_that_can_be_called_is_in_a_fragment_named_before(name):
    uses = header(name)["USES"].split()
    _, functions = reached(name)
    needed = {ALL_FUNCTIONS[function] for function in functions}
    assert needed <= set(uses)
    for function in functions:
        home = uses.index(ALL_FUNCTIONS[function])
        body = fragment(ALL_FUNCTIONS[function])[0][function]
        for called in set(re.findall(r"\b(\w+)\(", body)) & ALL_FUNCTIONS.keys():
            assert uses.index(ALL_FUNCTIONS[called]) <= home, f"{called} is defined after {function}"


def test_all_outcomes_are_somebodys():
    assert {Outcome(word) for name in script.names() for word in header(name)["OUTCOMES"].split()} == set(Outcome)


def test_every_fragment_is_used():
    used = {fragment for name in script.names() for fragment in header(name)["USES"].split()}
    assert used == {entry.name.removesuffix(".lua") for entry in (SCRIPTS / "fragments").iterdir()}


def test_a_call_with_other_names_than_the_headers_is_refused():
    loaded = script.load("read")
    assert loaded.pack({"record": "k"}, {"offset": 0, "root": "r", "site": "s"}) == ["k", 0, "r", "s"]
    for keys, args in [({}, {"offset": 0, "site": ""}), ({"record": ""}, {"offset": 0}), ({"record": ""}, {"x": 1})]:
        with pytest.raises(TypeError):
            loaded.pack(keys, args)


def test_a_name_that_the_header_lacks_stops_the_load():
    with pytest.raises(ValueError, match="mistake"):
        script._placed("return {A.site, A.mistake}", {"A": ("ARGV", ("site",)), "K": ("KEYS", ())})


@pytest.mark.parametrize("written", ["key(kind, id)", "key('recrod', id)", "account_key('record', id)"])
def test_a_key_of_no_known_kind_stops_the_load(written):
    with pytest.raises(ValueError, match="no kind of key"):
        script._with_patterns(f"return {written}")


def test_a_script_gets_the_definitions_it_leads_to_and_no_others():
    definitions = "local ONE = 1\nlocal function two()\n  return ONE\nend\nlocal function three() return two end\n"
    assert script._needed(definitions, "return two()") == definitions.partition("local function three")[0]
    assert script._needed(definitions, "-- nothing\nreturn 4") == ""
