"""A template's nodes with the counts and checks that bound a rendering (`codesvc.messages.bounded_environment`)."""

from __future__ import annotations

from typing import Any, Final

from jinja2 import nodes
from jinja2.visitor import NodeTransformer

_NODES_OF_STEP: Final = 30
_OF_NAMES: Final = frozenset({"defined", "undefined", "none", "filter", "test"})
"""Tests that look at no value."""


def _filtered(node: nodes.Expr, name: str, *arguments: nodes.Expr) -> nodes.Filter:
    return nodes.Filter(node, name, list(arguments), [], None, None, lineno=node.lineno)


def _steps_of(node: nodes.Node) -> nodes.Const:
    """The cost of one turn of a loop's body: higher for a long body."""
    return nodes.Const(1 + sum(1 for _ in node.find_all(nodes.Node)) // _NODES_OF_STEP, lineno=node.lineno)


class Counted(NodeTransformer):
    """Puts a count into each body, and a check around each joined text and each list that a template writes."""

    def _body(self, node: Any) -> Any:
        steps = _steps_of(node)
        self.generic_visit(node)
        node.body.insert(0, nodes.ExprStmt(_filtered(steps, "stepped"), lineno=node.lineno))
        return node

    visit_Template = visit_Macro = visit_CallBlock = visit_Block = _body  # noqa: N815  jinja2's names

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802  jinja2's name
        """Each turn is a step, and so is each one that a condition leaves out."""
        counted = self._body(node)
        if node.test is not None:
            node.test = nodes.And(_filtered(nodes.Const(1, lineno=node.lineno), "stepped"), node.test)
        return counted  # type: ignore[no-any-return]

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802  jinja2's name
        """Texts that are joined, and what they make."""
        self.generic_visit(node)
        node.nodes = [_filtered(each, "checked") for each in node.nodes]
        return _filtered(node, "checked")

    def _literal(self, node: Any) -> Any:
        self.generic_visit(node)
        return _filtered(node, "checked") if getattr(node, "ctx", "load") == "load" else node

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:  # noqa: N802  jinja2's name
        """Comparing two long lists takes as long as making them."""
        self.generic_visit(node)
        node.expr = _filtered(node.expr, "checked")
        for operand in node.ops:
            operand.expr = _filtered(operand.expr, "checked")
        return node

    def visit_Test(self, node: nodes.Test) -> nodes.Node:  # noqa: N802  jinja2's name
        """Tests compare values too."""
        self.generic_visit(node)
        if node.name not in _OF_NAMES:
            node.node = _filtered(node.node, "checked")
            node.args = [_filtered(each, "checked") for each in node.args]
        return node

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:  # noqa: N802  jinja2's name
        """A part of a list is a copy."""
        self.generic_visit(node)
        return _filtered(node, "checked") if isinstance(node.arg, nodes.Slice) and node.ctx == "load" else node

    visit_List = visit_Dict = visit_Tuple = _literal  # noqa: N815  jinja2's names
