"""Which headers, query parameters, cookies and form fields the code of the web reads, found in its source.

A read is `.get(…)`, `.getall(…)`, `[…]` or `in` on the request's own mapping, on that of an identity system's call, or
on a name that was made from one. The name of the value has to be a constant; a read whose name is computed is reported
by its source text.
"""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import msgspec

import codesvc

ROOT = Path(codesvc.__file__).parent
PLACES = [*sorted((ROOT / "web").rglob("*.py")), ROOT / "wechat" / "callback_format.py"]
KINDS = {"headers": "header", "query": "query", "cookies": "cookie"}
ATTRIBUTES = {
    "charset": "content-type",
    "content_type": "content-type",
    "host": "host",
    "if_modified_since": "if-modified-since",
    "if_none_match": "if-none-match",
    "http_range": "range",
    "keep_alive": "connection",
}
"""Headers that aiohttp reads for an attribute of the request."""
PASSED_ON = {"query": "query"}
"""Parameters in other modules that carry a mapping of the request."""


def module_of(path):
    return importlib.import_module(".".join(path.relative_to(ROOT.parent).with_suffix("").parts))


def kind_of(node, names):
    """The kind of mapping that an expression is, None for another expression."""
    match node:
        case ast.Await(value=value):
            return kind_of(value, names)
        case ast.Call(func=ast.Name(id="dict"), args=[value]):
            return kind_of(value, names)
        case (
            ast.Call(func=ast.Attribute(attr="post", value=ast.Name(id="request")))
            | ast.Call(func=ast.Name(id="form_of"))
        ):
            return "form"
        case ast.Attribute(attr=attr, value=ast.Name(id="request" | "call")) if attr in KINDS:
            return KINDS[attr]
        case ast.Name(id=name):
            return names.get(name)
    return None


def names_in(function):
    """Names in a function that are mappings of the request."""
    names = {arg.arg: PASSED_ON[arg.arg] for arg in function.args.args if arg.arg in PASSED_ON}
    for node in ast.walk(function):
        if not isinstance(node, ast.Assign):
            continue
        target, value = node.targets[0], node.value
        pairs = (
            zip(target.elts, value.elts, strict=False)
            if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple)
            else [(target, value)]
        )
        for name, made in pairs:
            kind = kind_of(made, names)
            if isinstance(name, ast.Name) and kind:
                names[name.id] = kind
    return names


def constant(node, module):
    """The text of an expression, None if it is computed."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.Name(id=name) if isinstance(getattr(module, name, None), str):
            return str(getattr(module, name))
        case ast.Attribute(value=ast.Name(id=owner), attr=attr) if hasattr(module, owner):
            found = getattr(getattr(module, owner), attr, None)
            return str(found) if isinstance(found, str) else None
    return None


def reads_in(function):
    """Pairs of kind and expression for each read of a value."""
    names = names_in(function)
    for node in ast.walk(function):
        match node:
            case ast.Call(func=ast.Attribute(attr="get" | "getall" | "getone", value=source), args=[wanted, *_]):
                pass
            case ast.Call(func=ast.Name(id="cookie_in"), args=[_, wanted]):
                yield "cookie", wanted
                continue
            case ast.Subscript(value=source, slice=wanted):
                pass
            case ast.Compare(left=wanted, ops=[ast.In() | ast.NotIn()], comparators=[source]):
                pass
            case _:
                continue
        kind = kind_of(source, names)
        if kind:
            yield kind, wanted


def shapes_in(tree, module):
    """The fields of the structs that submitted forms are decoded into."""
    for node in ast.walk(tree):
        match node:
            case (
                ast.Call(func=ast.Name(id="read_form"), args=[_, shape])
                | ast.Call(func=ast.Attribute(attr="read_form"), args=[_, shape])
            ) if isinstance(shape, ast.Name) and isinstance(getattr(module, shape.id, None), type):
                for field in msgspec.structs.fields(getattr(module, shape.id)):
                    yield "form", field.encode_name


def values_read():
    """All values that are read, as pairs of kind and name, and the reads whose names are computed."""
    found, computed = set(), set()
    for path in PLACES:
        tree, module = ast.parse(path.read_text(encoding="utf-8")), module_of(path)
        found.update(shapes_in(tree, module))
        found.update(
            ("header", ATTRIBUTES[node.attr])
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and node.attr in ATTRIBUTES and ast.unparse(node.value) == "request"
        )
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                for kind, wanted in reads_in(function):
                    name = constant(wanted, module)
                    if name is None:
                        computed.add(f"{path.relative_to(ROOT)} {kind} {ast.unparse(wanted)}")
                    else:
                        found.add((kind, name.lower() if kind == "header" else name))
    return found, computed
