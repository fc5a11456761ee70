"""Variables as a file that Ansible reads literally: every text is marked `!unsafe`, so no template in it is run."""

from __future__ import annotations

from typing import Any

import yaml


class _Literal(str):
    """A text that Ansible must not template."""

    __slots__ = ()


class _Dumper(yaml.SafeDumper):
    """Knows how to write literals; writes no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent(dumper: _Dumper, text: _Literal) -> yaml.ScalarNode:
    return dumper.represent_scalar("!unsafe", str(text), style='"')


_Dumper.add_representer(_Literal, _represent)


def dump_literally(variables: dict[str, Any]) -> bytes:
    """The YAML of these variables, keys as they are and texts literal at any depth."""
    text = yaml.dump(_literal(variables), Dumper=_Dumper, allow_unicode=False, sort_keys=True, width=1_000_000)
    return text.encode("ascii")


def _literal(value: Any) -> Any:
    if isinstance(value, str):
        return _Literal(value)
    if isinstance(value, dict):
        return {str(key): _literal(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_literal(item) for item in value]
    return value
