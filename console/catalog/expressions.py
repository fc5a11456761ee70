"""The expression language: what stands between `{{` and `}}`, and in `when:`.

Jinja's expressions in its immutable sandbox, without statements, calls and methods, and with only the filters and tests
listed in `expression_words`. Nothing can be reached but the data that is handed in; results are bounded before they are
made. A missing name is an error, never an empty text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.environment import Template
from jinja2.visitor import NodeTransformer

from console.catalog.expression_words import Environment, TooMuch
from console.catalog.findings import listed, nearest, shorten

ROOTS = ("params", "steps", "run", "operator", "item")
LONGEST_EXPRESSION = 4_096
LONGEST_TEXT = 256 * 1024
LARGEST_INTEGER = 10**18
_DEEPEST = 40
_ALLOWED = (
    nodes.Const, nodes.Name, nodes.Getattr, nodes.Getitem, nodes.Filter, nodes.Test, nodes.Compare, nodes.Operand,
    nodes.And, nodes.Or, nodes.Not, nodes.CondExpr, nodes.Add, nodes.Sub, nodes.Mul, nodes.FloorDiv, nodes.Mod,
    nodes.Neg, nodes.Pos, nodes.Concat, nodes.List, nodes.Tuple, nodes.Dict, nodes.Pair, nodes.Slice,
)  # fmt: skip
_ENVIRONMENT = Environment()


class CannotRender(ValueError):
    """An expression that cannot be read or evaluated; the text says which, why, and the nearest right name."""


@dataclass(frozen=True, slots=True)
class Expression:
    """One expression: its source and its tree. `offset` is its place in the text."""

    source: str
    tree: nodes.Expr
    offset: int = 0

    def evaluate(self, names: Mapping[str, Any]) -> Any:
        """The value. Raises CannotRender."""
        try:
            return _evaluate(_compiled(self.source), names)
        except jinja2.UndefinedError as error:
            raise CannotRender(f"{shorten(self.source)}: {_missing(self.tree, names) or error.message}") from None
        except (TooMuch, jinja2.TemplateError) as error:
            raise CannotRender(f"{shorten(self.source)}: {error}") from None
        except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError) as error:
            raise CannotRender(f"{shorten(self.source)} cannot be evaluated: {str(error)[:200]}") from None


def render(value: Any, names: Mapping[str, Any]) -> Any:
    """The value with every expression in it evaluated, through lists and mappings; keys are left alone.

    A text that is one whole `{{ expression }}` becomes its value (text, int, bool, None, lists and mappings of these);
    in any other text each expression becomes text. Raises CannotRender.
    """
    if isinstance(value, str):
        return _render_text(value, names)
    if isinstance(value, list):
        return [render(item, names) for item in value]
    if isinstance(value, dict):
        return {key: render(item, names) for key, item in value.items()}
    return value


def evaluate_condition(text: str, names: Mapping[str, Any]) -> bool:
    """Whether a `when:` holds; the expression stands without braces. Raises CannotRender, also for no yes or no."""
    value = compile_condition(text).evaluate(names)
    if not isinstance(value, bool):
        raise CannotRender(f"{shorten(text)} is {shorten(value)}, neither true nor false: compare it with something")
    return value


@lru_cache(maxsize=4096)
def split(text: str) -> tuple[str | Expression, ...]:
    """The literal pieces and the expressions of a text, in order. Raises CannotRender for a broken one."""
    if "{{" not in text:
        return (text,) if text else ()
    pieces: list[str | Expression] = []
    try:
        inside: list[str] | None = None
        start = offset = 0
        for _, word, raw in _ENVIRONMENT.lex(text):
            if word == "variable_begin":
                inside, start = [], offset
            elif word == "variable_end" and inside is not None:
                pieces.append(compile_expression("".join(inside).strip(), start))
                inside = None
            elif inside is not None:
                inside.append(raw)
            else:
                pieces.append(raw)
            offset += len(raw)
    except (jinja2.TemplateSyntaxError, RecursionError) as error:
        raise CannotRender(f"{shorten(text)} cannot be read: {error}") from None
    if inside is not None:
        raise CannotRender(f"{shorten(text)} has a {{{{ without its }}}}")
    return tuple(pieces)


def compile_condition(source: str) -> Expression:
    """The expression of a `when:`, which stands without braces. Raises CannotRender."""
    if source.lstrip().startswith("{{"):
        raise CannotRender(f"{shorten(source)} is an expression as it stands: leave out the braces")
    return compile_expression(source)


@lru_cache(maxsize=4096)
def compile_expression(source: str, offset: int = 0) -> Expression:
    """The expression in a text without braces. Raises CannotRender for what the language leaves out."""
    if len(source) > LONGEST_EXPRESSION:
        raise CannotRender(f"an expression has at most {LONGEST_EXPRESSION} characters, not {len(source)}")
    try:
        tree = _parse(source)
        _refuse_unknown(tree, 0, source)
        tree = _Concatenation().visit(tree)
        return Expression(source, tree, offset)
    except jinja2.TemplateError as error:
        raise CannotRender(f"{shorten(source)} cannot be read: {error}") from None
    except (RecursionError, MemoryError, SyntaxError, ValueError) as error:
        if isinstance(error, CannotRender):
            raise
        raise CannotRender(f"{shorten(source)} cannot be read: it is nested too deeply") from None


@lru_cache(maxsize=4096)
def _compiled(source: str) -> Template:
    """Jinja's own form, which takes ten times as long to make as the tree and is made only to be evaluated."""
    tree = compile_expression(source).tree
    body: list[nodes.Node] = [nodes.Assign(nodes.Name("result", "store", lineno=1), tree, lineno=1)]
    whole = nodes.Template(body, lineno=1)
    whole.set_environment(_ENVIRONMENT)
    return _ENVIRONMENT.from_string(whole)


def expressions_in(value: Any) -> Iterable[tuple[tuple[str | int, ...], str]]:
    """Every text in a value that holds `{{`, with its path."""
    open_: list[tuple[tuple[str | int, ...], Any]] = [((), value)]
    while open_:
        path, item = open_.pop(0)
        if isinstance(item, str) and "{{" in item:
            yield path, item
        elif isinstance(item, dict):
            open_ += [((*path, key), inner) for key, inner in item.items()]
        elif isinstance(item, list):
            open_ += [((*path, at), inner) for at, inner in enumerate(item)]


class _Concatenation(NodeTransformer):
    """Joins with our own filter, which knows bounds and has no `None` or `True` for a text."""

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        parts = [self.visit(part) for part in node.nodes]
        joined = nodes.List(parts, lineno=node.lineno)
        return nodes.Filter(joined, "join", [], [], None, None, lineno=node.lineno)


def _parse(source: str) -> nodes.Expr:
    if not source.strip():
        raise CannotRender("there is nothing between the braces")
    parser = _ENVIRONMENT.parser(source)
    tree: nodes.Expr = parser.parse_expression()
    if not parser.stream.eos:
        word = shorten(str(parser.stream.current.value))
        raise CannotRender(f"{shorten(source)} cannot be read: {word} is unexpected here")
    tree.set_environment(_ENVIRONMENT)
    return tree


def _refuse_unknown(node: nodes.Node, depth: int, source: str) -> None:
    if depth > _DEEPEST:
        raise CannotRender("the expression is nested too deeply")
    if not isinstance(node, _ALLOWED):
        raise CannotRender(_left_out(node))
    for kind, known in ((nodes.Filter, _ENVIRONMENT.filters), (nodes.Test, _ENVIRONMENT.tests)):
        if isinstance(node, kind) and node.name not in known:
            what = "filter" if kind is nodes.Filter else "test"
            hint = nearest(node.name, known) or f"there are {listed(sorted(known), 30)}"
            raise CannotRender(f"there is no {what} {node.name!r}: {hint}")
    if isinstance(node, nodes.Name) and node.name not in ROOTS:
        dashed = re.search(r"\bsteps\.([a-z0-9_]+-[a-z0-9_-]+)", source)
        hint = nearest(node.name, ROOTS) or f"an expression may name {listed(ROOTS)}"
        if dashed:
            hint = f"write steps.{dashed[1].replace('-', '_')}, because a - means minus"
        raise CannotRender(f"there is no {node.name!r}: {hint}")
    for child in node.iter_child_nodes():
        _refuse_unknown(child, depth + 1, source)


def _left_out(node: nodes.Node) -> str:
    words: dict[type[nodes.Node], str] = {
        nodes.Call: "calls and methods are not part of expressions; filters such as `| upper` are",
        nodes.Pow: "** is not part of expressions",
        nodes.Div: "/ would make a fraction: use // for whole numbers",
    }
    return words.get(type(node), f"{type(node).__name__} is not part of expressions")


def _evaluate(template: Template, names: Mapping[str, Any]) -> Any:
    context = template.new_context({name: names[name] for name in ROOTS if name in names})
    for _ in template.root_render_func(context):
        pass
    value = context.vars["result"]
    if isinstance(value, jinja2.Undefined):
        value._fail_with_undefined_error()
    _refuse_result(value, 0)
    return value


def _refuse_result(value: Any, depth: int) -> None:
    if isinstance(value, float):
        raise TooMuch("the result is a fraction, and only whole numbers are handed on")
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= LARGEST_INTEGER:
        raise TooMuch("the result has more than 18 digits")
    if isinstance(value, (list, tuple, dict)):
        if depth > _DEEPEST:
            raise TooMuch("the result is nested too deeply")
        if isinstance(value, dict) and not all(isinstance(key, str) for key in value):
            raise TooMuch("the result is a mapping with a key that is not text")
        for item in value.values() if isinstance(value, dict) else value:
            _refuse_result(item, depth + 1)
    elif isinstance(value, jinja2.Undefined):
        value._fail_with_undefined_error()
    elif value is not None and not isinstance(value, (str, int, bool)):
        raise TooMuch(f"the result is a {type(value).__name__}, which cannot be handed on")


def _render_text(text: str, names: Mapping[str, Any]) -> Any:
    pieces = split(text)
    if len(pieces) == 1 and isinstance(pieces[0], Expression):
        return _plain(pieces[0].evaluate(names))
    parts: list[str] = []
    size = 0
    for piece in pieces:
        parts.append(piece if isinstance(piece, str) else _as_text(piece, piece.evaluate(names)))
        size += len(parts[-1])
        if size > LONGEST_TEXT:
            raise CannotRender(f"{shorten(text)} renders to more than {LONGEST_TEXT} characters")
    return "".join(parts)


def _plain(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


def _as_text(piece: Expression, value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (str, int)):
        return str(value)
    mends: dict[type, Callable[[], str]] = {
        type(None): lambda: "has no value: add `| default('…')`",
        list: lambda: "is a list: add `| join(', ')`",
        tuple: lambda: "is a list: add `| join(', ')`",
    }
    reason = mends.get(type(value), lambda: "is a mapping: name one of its entries")()
    raise CannotRender(f"{shorten(piece.source)} {reason}")


def _missing(tree: nodes.Expr, names: Mapping[str, Any]) -> str:
    for node in (tree, *tree.find_all(nodes.Name)):
        if isinstance(node, nodes.Name) and node.name not in names:
            return f"there is no {node.name!r} here"
    return ""
