from __future__ import annotations

import pytest

from console.tui.surroundings import has_colour, is_utf8, prepare


def test_a_slow_line_is_assumed_unless_somebody_says_otherwise() -> None:
    environ = {"TEXTUAL_FPS": "30"}
    prepare(environ)
    assert environ == {"TEXTUAL_FPS": "30", "TEXTUAL_ANIMATIONS": "none", "TEXTUAL_SMOOTH_SCROLL": "0"}


def test_the_environment_cannot_make_the_screens_press_keys_or_write_files() -> None:
    names = ("TEXTUAL_PRESS", "TEXTUAL_SCREENSHOT", "TEXTUAL_DRIVER", "TEXTUAL_LOG", "TEXTUAL")
    environ = dict.fromkeys(names, "x")
    prepare(environ)
    assert not [value for value in environ.values() if value == "x"]


def test_no_color_chooses_a_theme_without_colours() -> None:
    environ = {"NO_COLOR": "1"}
    prepare(environ)
    assert environ["TEXTUAL_THEME"] == "ansi-dark"
    assert not has_colour(environ)
    assert has_colour({"NO_COLOR": ""})


@pytest.mark.parametrize(
    ("environ", "utf8"),
    [
        ({"LANG": "C.UTF-8"}, True),
        ({"LANG": "de_DE.utf8@euro"}, True),
        ({"LANG": "C.UTF-8", "LC_ALL": "en_US.ISO-8859-1"}, False),
        ({"LC_CTYPE": "en_US.UTF-8", "LANG": "x.ISO-8859-1"}, True),
    ],
)
def test_glyphs_follow_the_locale(environ: dict[str, str], utf8: bool) -> None:
    assert is_utf8(environ) is utf8
