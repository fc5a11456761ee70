"""The codes of problems: stable words that scripts and people may rely on, each with its meaning in one line.

docs/runbook-language.md lists them; a test compares the two.
"""

from __future__ import annotations

CODES: dict[str, str] = {
    # the file
    "unreadable": "the file cannot be opened or read",
    "not-a-file": "a directory, a pipe or a device stands where a runbook should",
    "too-large": "the file is larger than 1 MiB",
    "not-utf8": "the file is not UTF-8 text",
    "control-character": "a control character, or one that reorders text on a screen, stands in the file",
    "empty": "the file holds nothing",
    "writable": "somebody else can write to the file or its directory",
    # YAML
    "yaml-syntax": "the text is not YAML",
    "yaml-tag": "tags such as `!!python/object` are not read",
    "yaml-anchor": "anchors and aliases are not read",
    "yaml-depth": "the nesting is deeper than 40",
    "yaml-key": "a key is not text, or stands twice",
    "yaml-number": "a whole number has more than 18 digits",
    "yaml-cut-text": "YAML would silently cut a text at ` #`",
    "yaml-documents": "one file holds more than one document",
    # shape
    "unknown-key": "a key that the language does not have",
    "missing-key": "a key that must be there is missing",
    "wrong-type": "a value of another type is expected",
    "wrong-value": "a value of that type, but not one that is allowed",
    "not-yet": "part of the language, but not yet of this version",
    "unknown-kind": "no kind of step has that name",
    "one-kind": "a step has no kind, or more than one",
    "duplicate-id": "two things have the same id",
    "too-many": "more steps, problems, files or bytes than are accepted",
    # flow
    "unknown-step": "no step has that id",
    "bad-jump": "a jump that is not allowed: over an approval, or back without `at_most`",
    "unreachable": "no way through the runbook leads to the step",
    "never-happens": "something is said about an outcome that this step cannot have",
    "approval-passed": "a refused approval would be passed over",
    # rollback
    "rollback-missing": "a step that changes something does not say how it is undone",
    "rollback-impossible": "a rollback would pass over a step that cannot be undone",
    "rollback-empty": "a rollback that would undo nothing",
    # expressions
    "expression": "an expression cannot be read, or uses what the expression language leaves out",
    "unknown-name": "an expression names something that is not there",
    "may-be-missing": "an expression reads what some ways through the runbook do not provide",
    "not-rendered": "an expression stands where none is evaluated",
    "secret-in-template": "an expression names a secret",
    # steps
    "kind": "a problem that the kind of the step reports",
    "retry": "a repetition that could do harm, or never happens",
    "env-name": "an environment variable with a name that is refused",
    "approval": "an approval that nobody could give, or that several could not",
    "shell-data": "a shell text that evaluates data as code",
    "shellcheck": "a finding of shellcheck",
    "parameter": "a parameter, answer or output whose bounds do not fit together",
    "owner": "nobody is named who answers for the runbook",
    # files that a runbook pins
    "pinned-file": "a file or directory that the runbook names cannot be pinned",
}
