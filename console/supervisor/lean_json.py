"""JSON without the `json` package, whose import costs a supervisor about as much as starting Python does.

It stands on the C scanner that `json` itself uses, and falls back to `json` on an interpreter without it.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


_BLANK = " \t\r\n"


class _Options:
    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    memo: dict[str, str] = {}

    @staticmethod
    def parse_constant(name: str) -> float:
        raise ValueError(f"{name} is not JSON")


def _scanner() -> Callable[[str, int], tuple[Any, int]]:
    try:
        from _json import make_scanner

        scan: Callable[[str, int], tuple[Any, int]] = make_scanner(_Options())  # type: ignore[arg-type]
        scan("0", 0)
    except (ImportError, AttributeError, TypeError):
        from json import JSONDecoder

        return JSONDecoder().raw_decode
    return scan


def _quoter() -> Callable[[str], str]:
    try:
        from _json import encode_basestring_ascii
    except ImportError:
        from json.encoder import py_encode_basestring_ascii as encode_basestring_ascii
    return encode_basestring_ascii


_scan = _scanner()
_quote = _quoter()


def parse(text: str) -> Any:
    """The value of one JSON text. Raises ValueError if it is not exactly that."""
    body = text.strip(_BLANK)
    try:
        value, end = _scan(body, 0)
    except (StopIteration, RecursionError, SystemError) as error:
        # SystemError: the scanner looks for json's own exception, and `json` is not loaded.
        raise ValueError("not a JSON text") from error
    if end != len(body):
        raise ValueError("text after the JSON value")
    return value


def dump(value: Any) -> str:
    """JSON in ASCII and on one line, of None, bool, int, str, and lists and dicts of these."""
    if isinstance(value, str):
        return _quote(value)
    if value is None:
        return "null"
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, int):
        return repr(value)
    if isinstance(value, list):
        return f"[{', '.join(map(dump, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_quote(key)}: {dump(item)}' for key, item in value.items())}}}"
    raise TypeError(f"{type(value).__name__} has no JSON form here")
