"""Rules that the source of the screens keeps, read from the source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.binding import Binding
from textual.screen import Screen
from textual.widget import Widget

import console.tui
from console.tui.app import ConsoleApp
from console.tui.screens.board import BoardScreen
from console.tui.screens.catalogue import CatalogueScreen
from console.tui.screens.form import FormScreen
from console.tui.screens.frame import Frame
from console.tui.screens.output import OutputScreen
from console.tui.screens.plan import PlanScreen
from console.tui.screens.review import ReviewScreen
from console.tui.screens.run import RunScreen
from console.tui.screens.step import StepScreen
from console.tui.widgets.bar import Bar
from console.tui.widgets.fields import FieldRow, Fields
from console.tui.widgets.line_input import LineInput
from console.tui.widgets.notice import NoticeLines
from console.tui.widgets.output import Output
from console.tui.widgets.rows import Rows
from console.tui.widgets.search import Search
from console.view.actions import actions_at
from console.view.situation import Place

FILES = sorted(Path(console.tui.__path__[0]).rglob("*.py"))
# What takes a string and reads it as markup, or draws what it is given as it stands.
PARSING_WIDGETS = {
    "Static", "Label", "Button", "DataTable", "OptionList", "ListView", "ListItem", "Tree", "RichLog", "Log",
    "Markdown", "MarkdownViewer", "Checkbox", "RadioButton", "RadioSet", "Select", "SelectionList", "Collapsible",
    "Header", "Footer", "Tabs", "Tab", "TabbedContent", "TabPane", "Link", "Pretty", "TextArea", "Toast",
}  # fmt: skip
PARSING_CALLS = {"notify", "from_markup", "from_ansi", "add_row", "add_column", "add_option", "add_options", "update"}
PARSING_NAMES = {"border_title", "border_subtitle", "tooltip", "sub_title"}
PARSING_KEYWORDS = {"markup", "placeholder", "tooltip"}


def nodes() -> Iterator[tuple[str, ast.AST]]:
    for file in FILES:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            yield f"{file.name}:{getattr(node, 'lineno', 0)}", node


def test_no_widget_is_used_that_reads_markup() -> None:
    found = [
        f"{place} {alias.name}"
        for place, node in nodes()
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("textual.widgets")
        for alias in node.names
        if alias.name in PARSING_WIDGETS
    ]
    assert found == []


def test_nothing_is_called_or_set_that_reads_markup() -> None:
    found = []
    for place, node in nodes():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in PARSING_CALLS:
            found.append(f"{place} {node.func.attr}()")
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and node.attr in PARSING_NAMES:
            found.append(f"{place} {node.attr} =")
        if isinstance(node, ast.keyword) and node.arg in PARSING_KEYWORDS:
            found.append(f"{place} {node.arg}=")
    assert found == []


def test_only_the_screens_entry_and_widgets_draw_with_rich() -> None:
    importing = {
        place.split(":")[0]
        for place, node in nodes()
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("rich")
    }
    assert importing <= {"painting.py", "theme.py"}


SCREENS: dict[Place, type[Frame]] = {
    Place.BOARD: BoardScreen,
    Place.CATALOGUE: CatalogueScreen,
    Place.FORM: FormScreen,
    Place.PLAN: PlanScreen,
    Place.RUN: RunScreen,
    Place.REVIEW: ReviewScreen,
    Place.STEP: StepScreen,
    Place.OUTPUT: OutputScreen,
}


@pytest.mark.parametrize("place", list(SCREENS))
def test_every_action_of_a_place_is_done_there(place: Place) -> None:
    missing = []
    for action in actions_at(place):
        method = "do_" + action.id.replace(".", "_")
        if not hasattr(SCREENS[place], method) and not hasattr(ConsoleApp, method):
            missing.append(action.id)
    assert missing == []


@pytest.mark.parametrize("place", list(SCREENS))
def test_bindings_are_those_of_the_registry_with_its_ids(place: Place) -> None:
    bound = {binding.id: binding for binding in SCREENS[place].BINDINGS if isinstance(binding, Binding)}
    for action in actions_at(place):
        if action.keys:
            assert bound.pop(action.id).key == ",".join(action.keys)
    assert bound == {}


def test_every_place_has_a_screen() -> None:
    assert set(SCREENS) == set(Place) - {Place.EVERYWHERE}


OURS: list[type[Widget]] = [
    *SCREENS.values(), Bar, FieldRow, Fields, LineInput, NoticeLines, Output, Rows, Search,
]  # fmt: skip
# Handlers that Textual calls by name and means to be defined.
MEANT = {"_on_paste", "_on_key", "BINDINGS", "DEFAULT_CSS", "AUTO_FOCUS", "compose", "render_line", "__init__"}


@pytest.mark.parametrize("kind", OURS, ids=lambda kind: kind.__name__)
def test_no_private_name_of_textual_is_taken_by_accident(kind: type[Widget]) -> None:
    theirs = {name for base in (Screen, Widget) for name in dir(base) if name.startswith("_")}
    mine = {name for one in kind.__mro__ if one.__module__.startswith("console.") for name in vars(one)}
    generated = {name for name in mine if name.startswith("_") and (name.startswith("__") or name in MEANT)}
    textual_makes = {"_css_type_name", "_css_type_names", "_decorated_handlers", "_merged_bindings", "_computes",
                     "_inherit_css", "_inherit_bindings", "_inherit_component_classes", "_reactives", "_abc_impl",
                     "_css_bases"}  # fmt: skip
    assert (mine & theirs) - generated - textual_makes == set()


def test_what_could_open_write_or_stop_something_is_refused() -> None:
    assert not ConsoleApp.ENABLE_COMMAND_PALETTE
    assert not ConsoleApp.ALLOW_SELECT
    for name in ("open_url", "deliver_screenshot", "action_suspend_process"):
        assert name in vars(ConsoleApp)
