"""Write docs/runbook.schema.json from the model and the shipped plugins; with --check, say whether it is current."""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from console.catalog.registry import load_registry  # noqa: E402 - it is found only now
from console.catalog.schema import schema  # noqa: E402

TARGET = ROOT / "docs" / "runbook.schema.json"


def text() -> str:
    """The schema as it belongs into the file. Exits when a shipped plugin cannot be loaded."""
    registry = load_registry([ROOT])
    if registry.problems:
        sys.exit("\n".join(map(str, registry.problems)))
    return json.dumps(schema(registry), indent=2, ensure_ascii=False) + "\n"


def main() -> int:
    """Write, or compare: 0 when the file is current, 1 when it is not."""
    wanted = text()
    if "--check" in sys.argv[1:]:
        current = TARGET.exists() and TARGET.read_text(encoding="utf-8") == wanted
        print(f"{TARGET.name} is {'current' if current else 'not current: run python tools/write_schema.py'}")
        return 0 if current else 1
    TARGET.write_text(wanted, encoding="utf-8")
    print(f"wrote {TARGET}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
