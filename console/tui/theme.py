"""What the roles of the presenters look like: one style each. Colours are those of Okabe and Ito."""

from __future__ import annotations

from functools import lru_cache

from rich.style import Style
from textual.theme import Theme

from console.view.sgr import Ink

SKY, GREEN, YELLOW, VERMILLION, PURPLE, GREY = "#56b4e9", "#00a67a", "#f0e442", "#e0661a", "#cc79a7", "#8b949e"

DARK = Theme(
    name="console-dark",
    primary=SKY,
    foreground="#d5d9de",
    background="#0e1116",
    surface="#0e1116",
    panel="#0e1116",
    error=VERMILLION,
    warning=YELLOW,
    success=GREEN,
    dark=True,
    variables={"input-cursor-text-style": "reverse", "input-selection-background": "#30506e"},
)

STYLES: dict[str, Style] = {
    "": Style(),
    "dim": Style(color=GREY),
    "strong": Style(bold=True),
    "title": Style(bold=True, underline=True),
    "env": Style(bold=True, reverse=True),
    "env-none": Style(color=GREY, reverse=True),
    "field-focus": Style(color=SKY, bold=True, reverse=True),
    "rule": Style(color=GREY),
    "rule-focus": Style(color=SKY, bold=True),
    "key": Style(color=SKY, bold=True),
    "link": Style(color=SKY, underline=True),
    "error": Style(color=VERMILLION, bold=True),
    "danger": Style(color=VERMILLION, bold=True),
    # States: the words of console.view.words.
    "pending": Style(color=GREY),
    "running": Style(color=SKY, bold=True),
    "ok": Style(color=GREEN),
    "failed": Style(color=VERMILLION, bold=True, reverse=True),
    "failed-text": Style(color=VERMILLION),
    "late": Style(color=VERMILLION, bold=True),
    "unverified": Style(color=VERMILLION, bold=True),
    "waiting": Style(color=YELLOW),
    "paused": Style(color=YELLOW, bold=True),
    "ask": Style(color=YELLOW, bold=True, reverse=True),
    "ask-text": Style(color=YELLOW),
    "by-hand": Style(color=GREEN, underline=True),
    "skipped": Style(color=GREY),
    "undoing": Style(color=PURPLE, bold=True),
    "undone": Style(color=PURPLE),
    "undo-failed": Style(color=VERMILLION, bold=True),
    "cancelled": Style(color=GREY, bold=True),
    "doubt": Style(color=YELLOW, bold=True, reverse=True),
    "doubt-text": Style(color=YELLOW, bold=True),
    # Changes in a preview.
    "add": Style(color=GREEN),
    "change": Style(color=YELLOW),
    "destroy": Style(color=VERMILLION, bold=True, reverse=True),
}

CURSOR = Style(reverse=True)
CURSOR_ELSEWHERE = Style(bold=True, underline=True)


def style_of(role: str) -> Style:
    """The style of a role; one that nobody knows looks like plain text."""
    return STYLES.get(role, STYLES[""])


@lru_cache(maxsize=512)
def ink_style(ink: Ink) -> Style:
    """The style of output in an ink."""
    return Style(
        color=_colour(ink.front),
        bgcolor=_colour(ink.back),
        bold=ink.bold or None,
        dim=ink.dim or None,
        italic=ink.italic or None,
        underline=ink.underline or None,
        reverse=ink.reverse or None,
        strike=ink.strike or None,
    )


def _colour(value: int | str | None) -> str | None:
    return f"color({value})" if isinstance(value, int) else value
