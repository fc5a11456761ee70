"""The surroundings of the screens, set before textual is imported."""

from __future__ import annotations

import os

from console.tui.surroundings import prepare

prepare(os.environ)
