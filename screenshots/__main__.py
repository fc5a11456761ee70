"""`python -m screenshots`: make all pictures anew."""

from __future__ import annotations

import sys

from screenshots.make import main

sys.exit(main())
