"""The checks of a draft, one file for each family. Each records what it finds; none raises for what a file says."""

from __future__ import annotations

from console.catalog.checks.approvals import check_approvals
from console.catalog.checks.effects import check_effects
from console.catalog.checks.environment import check_environment
from console.catalog.checks.fields import check_fields
from console.catalog.checks.files import check_files
from console.catalog.checks.flow import check_flow
from console.catalog.checks.kinds import check_kinds
from console.catalog.checks.owner import check_owner
from console.catalog.checks.shell_text import check_shell_text
from console.catalog.checks.templates import check_templates
from console.catalog.draft import Draft

FAMILIES = (
    check_fields,
    check_kinds,
    check_files,
    check_environment,
    check_templates,
    check_flow,
    check_effects,
    check_approvals,
    check_shell_text,
    check_owner,
)


def check_draft(draft: Draft) -> None:
    """Run every family of checks over a draft."""
    for check in FAMILIES:
        check(draft)
