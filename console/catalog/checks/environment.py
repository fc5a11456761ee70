"""Names in `env:` that would let data decide which code runs."""

from __future__ import annotations

import re

from console.catalog.draft import Draft
from console.catalog.strict_yaml import Path

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_REFUSED = re.compile(
    r"PATH|IFS|ENV|BASH_ENV|BASHOPTS|SHELLOPTS|SHELL|PS[0-4]|PROMPT_COMMAND|GLOBIGNORE|BASH_FUNC.*|CDPATH|FPATH"
    r"|LD_.*|DYLD_.*|GCONV_PATH|LOCPATH|NLSPATH|MALLOC_.*|GLIBC_TUNABLES|HOSTALIASES|RES_OPTIONS"
    r"|PYTHON.*|PERL.*|RUBY(LIB|OPT)|GEM_(HOME|PATH)|NODE_(OPTIONS|PATH)|LUA_(INIT|PATH|CPATH).*|CLASSPATH"
    r"|_?JAVA_(TOOL_)?OPTIONS|JDK_JAVA_OPTIONS|GIT_(SSH|SSH_COMMAND|ASKPASS|EXEC_PATH|EDITOR|PAGER|EXTERNAL_DIFF|CONFIG.*)"
    r"|LESSOPEN|LESSCLOSE|EDITOR|VISUAL|PAGER|BROWSER|SSH_ASKPASS|SUDO_ASKPASS|TERMINFO|TERMCAP"
    r"|TF_CLI_ARGS.*|TF_CLI_CONFIG_FILE|CONSOLE_.*"
    r"|ANSIBLE_(CONFIG|HOME|LIBRARY|MODULE_UTILS|.*PLUGINS?|.*PATHS?|.*INTERPRETER|.*EXECUTABLE|.*ARGS)",
)
_MEND = "use another name; a program that needs this one can be given it inside the shell text"


def refused_env(name: str) -> str | None:
    """Why a variable may not be set by a runbook, or None."""
    if not _NAME.fullmatch(name):
        return f"{name[:60]!r} is no name of an environment variable"
    if _REFUSED.fullmatch(name):
        return f"{name} decides which code runs or belongs to the console, so that a runbook may not set it"
    return None


def check_environment(draft: Draft) -> None:
    """Refuse such names in `env:` of steps and rollbacks."""
    for step in draft.steps:
        for path in ((*step.path, "env"), (*step.path, "rollback", "env")):
            for name in _keys(draft, path):
                if reason := refused_env(name):
                    draft.findings.add("env-name", reason, draft.document.key_place((*path, name)), _MEND)


def _keys(draft: Draft, path: Path) -> list[str]:
    value = draft.document.data
    for part in path:
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and isinstance(part, int):
            value = value[part]
        else:
            return []
    return list(value) if isinstance(value, dict) else []
