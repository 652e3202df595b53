"""PromQL as a tree: selectors with what is around them."""

import re

import promql_parser as p

OPERATORS = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}


def nodes(expr, above=()):
    """Every node below `expr`, each with its ancestors from the root on."""
    yield expr, above
    for child in _children(expr):
        yield from nodes(child, (*above, expr))


def _children(node):
    if isinstance(node, p.BinaryExpr):
        return [node.lhs, node.rhs]
    if isinstance(node, p.Call):
        return list(node.args)
    if isinstance(node, p.MatrixSelector):
        return [node.vector_selector]
    if isinstance(node, (p.AggregateExpr, p.ParenExpr, p.SubqueryExpr, p.UnaryExpr)):
        return [node.expr]
    return []


def selectors(text):
    """The vector selectors of a query, each with its ancestors."""
    return [(node, above) for node, above in nodes(p.parse(text)) if isinstance(node, p.VectorSelector)]


def matchers(selector):
    """`{label: (operator, value)}`."""
    return {one.name: (OPERATORS[str(one.op).removeprefix("MatchOp.")], one.value) for one in selector.matchers.matchers}


def family(name, families):
    """The family that a series' name belongs to, histograms included; `None` if there is none."""
    if name in families:
        return families[name]
    plain = re.sub(r"_(bucket|sum|count)$", "", name)
    found = families.get(plain)
    return found if found and found["kind"] == "histogram" else None
