"""What an expression reads: the chains of names in it, found in its tree without evaluating anything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from jinja2 import nodes

_GUARDS = ("default", "d")
_TESTS = ("defined", "undefined")


@dataclass(frozen=True, slots=True)
class Reference:
    """One chain such as `steps.network.outputs.port`, with `root` steps.

    `guarded`: it may be missing, because default() or `is defined` stands over it. `dynamic`: it goes on with a name
    that is only known when it is evaluated.
    """

    root: str
    path: tuple[str, ...]
    guarded: bool = False
    dynamic: bool = False

    def __str__(self) -> str:
        return ".".join((self.root, *self.path))


def references(tree: nodes.Node) -> list[Reference]:
    """Every chain that the expression reads. One that it also asks to be defined counts as guarded."""
    found = list(_walk(tree, False))
    asked = {(each.root, each.path) for each in found if each.guarded}
    return [
        Reference(each.root, each.path, each.guarded or (each.root, each.path) in asked, each.dynamic) for each in found
    ]


def _walk(node: nodes.Node, guarded: bool) -> Iterator[Reference]:
    if isinstance(node, (nodes.Name, nodes.Getattr, nodes.Getitem)):
        yield from _chain(node, guarded)
        return
    guards = (isinstance(node, nodes.Filter) and node.name in _GUARDS) or (
        isinstance(node, nodes.Test) and node.name in _TESTS
    )
    subject = getattr(node, "node", None) if guards else None
    for child in node.iter_child_nodes():
        yield from _walk(child, child is subject)


def _chain(node: nodes.Node, guarded: bool) -> Iterator[Reference]:
    path: list[str] = []
    dynamic = False
    while not isinstance(node, nodes.Name):
        if isinstance(node, nodes.Getattr):
            path.insert(0, node.attr)
        elif isinstance(node, nodes.Getitem):
            if isinstance(node.arg, nodes.Const):
                path.insert(0, str(node.arg.value))
            else:
                yield from _walk(node.arg, False)
                path, dynamic = [], True
        else:
            yield from _walk(node, False)
            return
        node = node.node
    yield Reference(node.name, tuple(path), guarded, dynamic)
