"""The kinds of step that there are: the built-in ones, and those of the plugins on the search path."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from console.catalog.findings import listed, nearest
from console.catalog.plugins import Plugin, PluginFailed, PluginProblem, find_plugin_folders, load_plugin
from console.errors import NotFoundError
from console.steps.approval import Approval
from console.steps.kind import Kind
from console.steps.manual import Manual
from console.steps.notify import Notify
from console.steps.shell import Shell
from console.steps.wait import Wait

BUILT_IN: tuple[type[Kind], ...] = (Approval, Manual, Notify, Shell, Wait)


class Registry:
    """Kinds by the word that names them in a runbook, and by their own name; who provides each; what failed to load."""

    def __init__(self, roots: tuple[Path, ...] = ()) -> None:
        self.roots = roots
        self.plugins: list[Plugin] = []
        self.problems: list[PluginProblem] = []
        self.by_key: dict[str, Kind] = {}
        self._by_name: dict[str, Kind] = {}
        self._provider: dict[str, Plugin] = {}
        for kind in BUILT_IN:
            self._add(kind())

    def kind(self, name: str) -> Kind:
        """The kind of that name. Raises NotFoundError, which says which plugins there are and which failed."""
        found = self._by_name.get(name)
        if found is None:
            raise NotFoundError(f"There is no kind of step called {name!r}.", mend=self.explain(name))
        return found

    def kinds(self) -> tuple[Kind, ...]:
        """Every kind once."""
        return tuple(self._by_name.values())

    def plugin_of(self, kind_name: str) -> Plugin | None:
        """The plugin that provides a kind; None for a built-in one."""
        return self._provider.get(kind_name)

    def plugin_digest(self, kind_name: str) -> str:
        """The digest of the code behind a kind; empty for a built-in one."""
        plugin = self._provider.get(kind_name)
        return plugin.digest if plugin else ""

    def plugins_of(self, kind_names: Iterable[str]) -> dict[str, str]:
        """The plugins behind these kinds, each with its digest."""
        found = (self._provider.get(name) for name in kind_names)
        return {plugin.name: plugin.digest for plugin in found if plugin}

    def explain(self, word: str) -> str:
        """What to do about a kind that nobody provides."""
        if near := nearest(word, self.by_key):
            return near
        failed = [problem for problem in self.problems if problem.name == word]
        if failed:
            return f"its plugin could not be loaded: {failed[0].message}"
        found = listed(plugin.name for plugin in self.plugins) or "none"
        return f"no plugin provides it; plugins found: {found}"

    def add_plugin(self, plugin: Plugin) -> None:
        """Take over a plugin's kinds. Raises PluginFailed when a name is taken, and then takes none of them."""
        for other in self.plugins:
            if other.name == plugin.name:
                raise PluginFailed(f"there is one of that name in {other.folder} already", "remove one of them")
        for kind in plugin.kinds:
            taken = [word for word in kind.keys if word in self.by_key]
            if taken or kind.name in self._by_name:
                raise PluginFailed(f"the kind {(taken or [kind.name])[0]!r} is there already", "rename one of them")
        self.plugins.append(plugin)
        for kind in plugin.kinds:
            self._add(kind)
            self._provider[kind.name] = plugin

    def _add(self, kind: Kind) -> None:
        self._by_name[kind.name] = kind
        for key in kind.keys:
            self.by_key[key] = kind


def load_registry(roots: Iterable[Path] = ()) -> Registry:
    """The built-in kinds and the plugins in each root's `plugins/`, earlier roots first.

    A plugin that fails becomes an entry of `problems`; nothing is raised for it.
    """
    registry = Registry(tuple(roots))
    for root in registry.roots:
        folders, problems = find_plugin_folders(root)
        registry.problems += problems
        for folder in folders:
            try:
                registry.add_plugin(load_plugin(folder))
            except PluginFailed as error:
                registry.problems.append(PluginProblem(folder.name, folder, str(error), error.mend))
    return registry
