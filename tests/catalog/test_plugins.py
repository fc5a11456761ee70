"""Plugins: loaded under a name of their own, checked when loaded, and never taking others down."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from console.catalog.check import check_file
from console.catalog.registry import Registry, load_registry
from console.errors import NotFoundError

KIND = '''
from __future__ import annotations
import msgspec
from console.steps.kind import Kind, Ready
from .words import GREETING

class Body(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    to: str

class Greet(Kind):
    """Greets."""
    name = "greet"
    keys = ("greet",)
    body = Body
    def prepare(self, body, context):
        return Ready(shown=(GREETING + body.to,))
'''
MANIFEST = 'name = "greet"\nversion = "1.0"\napi = 1\nneeds = ["no-such-program-1|sh", "no-such-program-2"]\n'
PROVIDES = '[provides]\nkinds = {greet = "kind:Greet"}\n'

Make = Callable[..., Path]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "plugins").mkdir()
    return tmp_path


@pytest.fixture
def make(root: Path) -> Make:
    """Writes a plugin; `kind` and `manifest` replace the parts of the good one."""

    def write(name: str = "greet", kind: str = KIND, manifest: str = MANIFEST + PROVIDES) -> Path:
        folder = root / "plugins" / name
        folder.mkdir()
        (folder / "plugin.toml").write_text(manifest)
        (folder / "kind.py").write_text(kind)
        (folder / "words.py").write_text("GREETING = 'Hello, '\n")
        return folder

    return write


def only_problem(registry: Registry) -> str:
    (problem,) = registry.problems
    assert str(problem).startswith("plugin ")
    return problem.message


def test_a_plugin_brings_its_kind_and_its_files_import_each_other(make: Make, root: Path) -> None:
    make()
    registry = load_registry([root])
    assert registry.problems == []
    (plugin,) = registry.plugins
    assert registry.kind("greet").name == "greet"
    assert registry.by_key["greet"] is registry.kind("greet")
    assert type(registry.kind("greet")).__module__ == f"console_plugin_greet_{plugin.digest[:8]}.kind"
    assert plugin.missing == ("no-such-program-2",)
    assert registry.plugin_digest("greet") == plugin.digest
    assert registry.plugin_digest("shell") == ""
    assert registry.plugins_of(["greet", "shell"]) == {"greet": plugin.digest}


def test_a_plugin_shadows_no_module(make: Make, root: Path) -> None:
    path = list(sys.path)
    make("json", KIND.replace('"greet"', '"json"'), (MANIFEST + PROVIDES).replace("greet", "json"))
    registry = load_registry([root])
    assert registry.problems == []
    import json

    assert json.loads("[1]") == [1]
    assert sys.path == path


def test_changed_code_is_another_plugin(make: Make, root: Path) -> None:
    folder = make()
    first = load_registry([root]).plugin_digest("greet")
    (folder / "README.md").write_text("Greets.\n")
    (folder / "tests").mkdir()
    (folder / "tests" / "test_it.py").write_text("")
    assert load_registry([root]).plugin_digest("greet") == first
    (folder / "words.py").write_text("GREETING = 'Good bye, '\n")
    changed = load_registry([root])
    assert changed.plugin_digest("greet") != first
    module = sys.modules[type(changed.kind("greet")).__module__]
    assert module.GREETING == "Good bye, "


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("1/0\n", "in kind.py, line 1: ZeroDivisionError"),
        ("raise SystemExit(3)\n", "SystemExit"),
        ("import no_such_module_at_all\n", "ModuleNotFoundError"),
        ("from .nowhere import x\n", "ModuleNotFoundError"),
        ("def broken(:\n", "SyntaxError"),
        ("Greet = 5\n", "is not a subclass"),
        ("class Greet: pass\n", "is not a subclass"),
        ("\n", "kind.py has no Greet"),
        (KIND.replace('name = "greet"', 'name = "other"'), "plugin.toml calls it 'greet'"),
        (KIND.replace('keys = ("greet",)', "keys = ()"), "keys is empty"),
        (KIND.replace('keys = ("greet",)', 'keys = "greet"'), "must be a tuple"),
        (KIND.replace("body = Body", "body = dict"), "must be a msgspec.Struct"),
        (KIND.replace("body = Body", 'body = Body\n    literal = frozenset({"form"})'), "does not have"),
        (
            KIND.replace("def prepare(self, body, context)", "def prepare(self, body)"),
            "must take (self, body, context)",
        ),
        (KIND.replace("def prepare", "def prepared"), "has no method prepare"),
        (KIND.replace("def prepare", "def __init__(self, x): pass\n    def prepare"), "TypeError"),
    ],
)
def test_code_that_fails_is_a_row_with_its_error(make: Make, root: Path, kind: str, says: str) -> None:
    make("another", KIND.replace('"greet"', '"another"'), (MANIFEST + PROVIDES).replace("greet", "another"))
    make("greet", kind)
    registry = load_registry([root])
    assert says in only_problem(registry)
    assert [plugin.name for plugin in registry.plugins] == ["another"]
    assert not [name for name in sys.modules if name.startswith("console_plugin_greet_") and "Greet" in name]


@pytest.mark.parametrize(
    ("manifest", "says"),
    [
        ("name = [", "plugin.toml"),
        ("\xff", "plugin.toml"),
        ('name = "greet"\n', "has no `version`"),
        (MANIFEST.replace('"greet"', '"Not A Name"') + PROVIDES, "is not a name"),
        (MANIFEST.replace("api = 1", "api = 99") + PROVIDES, "version 99 of the interface"),
        (MANIFEST + "verison = 1\n" + PROVIDES, "no key 'verison'"),
        (MANIFEST + '[provides]\nkinds = {greet = "kind.Greet"}\n', "module:Class"),
        (MANIFEST + '[provides]\nkinds = {greet = "os:system"}\n', "No module named"),
    ],
)
def test_a_manifest_that_says_nothing_sensible(make: Make, root: Path, manifest: str, says: str) -> None:
    folder = make()
    (folder / "plugin.toml").write_bytes(manifest.encode("latin-1"))
    assert says in only_problem(load_registry([root]))


def test_a_folder_without_a_manifest_is_named_and_other_files_are_ignored(root: Path) -> None:
    (root / "plugins" / "empty").mkdir()
    (root / "plugins" / "README.md").write_text("x")
    (root / "plugins" / "__pycache__").mkdir()
    assert "there is no plugin.toml" in only_problem(load_registry([root]))


@pytest.mark.parametrize("which", ["plugins", "plugins/greet", "plugins/greet/kind.py", "plugins/greet/words.py"])
def test_what_others_can_write_to_is_not_run(make: Make, root: Path, which: str) -> None:
    make(kind="raise SystemExit('it ran')\n")
    (root / which).chmod(0o777)
    assert "can write to it" in only_problem(load_registry([root]))


def test_planted_compiled_code_is_not_run(make: Make, root: Path) -> None:
    cache = make() / "__pycache__"
    cache.mkdir()
    (cache / "kind.cpython-311.pyc").write_bytes(b"")
    cache.chmod(0o777)
    assert "can write to it" in only_problem(load_registry([root]))


def test_a_link_out_of_a_plugin_is_refused(make: Make, root: Path) -> None:
    (make() / "more.py").symlink_to("/etc/hostname")
    assert "symbolic link" in only_problem(load_registry([root]))


def test_names_that_are_taken_are_refused_and_the_first_stays(make: Make, root: Path, tmp_path: Path) -> None:
    make()
    make("shell", KIND.replace('"greet"', '"shell"'), (MANIFEST + PROVIDES).replace("greet", "shell"))
    make("third", KIND, (MANIFEST + PROVIDES).replace('name = "greet"', 'name = "third"'))
    registry = load_registry([root])
    assert {problem.name: problem.message for problem in registry.problems} == {
        "shell": "the kind 'shell' is there already",
        "third": "the kind 'greet' is there already",
    }


def test_a_missing_kind_says_which_plugins_there_are(make: Make, root: Path) -> None:
    make()
    make("broken", "1/0\n")
    registry = load_registry([root])
    with pytest.raises(NotFoundError, match="plugins found: greet"):
        registry.kind("kubernetes")
    with pytest.raises(NotFoundError, match="did you mean greet"):
        registry.kind("gret")
    with pytest.raises(NotFoundError, match="could not be loaded: its code failed"):
        registry.kind("broken")


@pytest.mark.parametrize("method", ["expand(self, key, raw)", "check(self, body, step)", "files(self, body)"])
def test_a_kind_that_raises_is_a_problem_of_the_step(make: Make, root: Path, method: str) -> None:
    make(kind=KIND + f"    def {method}:\n        raise RuntimeError('a fault')\n")
    registry = load_registry([root])
    assert registry.problems == []
    path = root / "book.yaml"
    path.write_text(
        "runbook: book\ntitle: Book\nowner: a\ncontact: b\nsteps: [{id: a, greet: {to: you}, rollback: nothing}]\n"
    )
    problems = check_file(path, registry).problems
    assert problems
    assert all("a fault" in problem.message for problem in problems), problems
