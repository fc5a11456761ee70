"""From what a play came to, to what is said of it. The exit code alone says too little: 4 is also a bad playbook."""

from __future__ import annotations

from console.engine.reports import Preview
from console.engine.words import Effect
from console.steps.driving import Result, say

from .tally import Tally

_MOST_NAMED = 5


def verdict_of_run(tally: Tally, code: int | None, stopped: bool) -> Result:
    """What came of the play. `ok` only where every host went through and Ansible said so."""
    for line in tally.recap():
        say(line)
    if tally.stats is None:
        return _without_recap(tally, code, stopped)
    troubles = _troubles(tally)
    if code == 0 and not troubles and tally.hosts:
        return Result(ok=True, summary=_counted(tally), outputs=tally.outputs(), changes=tally.kept_changes())
    if not tally.hosts:
        troubles = ["no host matched, so nothing was done", *troubles]
    elif not troubles:
        troubles = [f"ansible-playbook ended with {_how(code)}", *tally.errors[-1:]]
    said = "; ".join([*(["stopped on request"] if stopped else []), *troubles, *_through(tally)])
    return Result(ok=False, summary=said, changes=tally.kept_changes())


def verdict_of_check(tally: Tally, code: int | None, digest: str, stopped: bool) -> Result:
    """What the play would do. A task that fails in check mode is no verdict on the play: it cannot be predicted."""
    for line in tally.recap():
        say(line)
    if stopped:
        return Result(ok=False, summary="stopped while checking; nothing was changed")
    if tally.stats is None or not tally.hosts or tally.lost:
        return verdict_of_run(tally, code, stopped)
    changes = tuple(change for change in tally.kept_changes() if change.action in ("change", "more"))
    failed = [f"{reason} (on {host}; what follows there is unknown)" for host, reason in sorted(tally.broken.items())]
    unpredicted = (*tally.unpredicted, *failed)
    effect = Effect.CHANGES if changes or unpredicted else Effect.READS
    preview = Preview(
        summary=_predicted(tally, len(unpredicted)),
        digest=digest,
        effect=effect,
        changed=tally.changed,
        changes=changes,
        unpredicted=unpredicted,
    )
    for name in unpredicted:
        say(f"cannot be predicted: {name}")
    return Result(ok=True, summary=preview.summary, preview=preview, changes=changes)


def named(found: dict[str, str]) -> str:
    """Hosts with their reasons, the first few of them."""
    parts = [f"{host} ({reason})" if reason else host for host, reason in sorted(found.items())]
    more = len(parts) - _MOST_NAMED
    return ", ".join(parts[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _without_recap(tally: Tally, code: int | None, stopped: bool) -> Result:
    if stopped:
        # Over ssh, a module goes on when its connection is cut.
        running = f"; not seen to end, and perhaps still running: {named(tally.running)}" if tally.running else ""
        return Result(ok=False, summary=f"stopped on request{running}", changes=tally.kept_changes())
    said = " ".join(" ".join(tally.errors).split())[:600]
    summary = f"the play did not come to its end ({_how(code)})" + (f": {said}" if said else "")
    # Without any task nothing was touched: a bad playbook, not a play that was cut off.
    return Result(ok=False, summary=summary, changes=tally.kept_changes(), in_doubt=tally.began)


def _troubles(tally: Tally) -> list[str]:
    return [
        f"{word} {named(hosts)}" for word, hosts in (("failed on", tally.broken), ("unreachable:", tally.lost)) if hosts
    ]


def _through(tally: Tally) -> list[str]:
    fine = [host for host in tally.hosts if host not in tally.broken and host not in tally.lost]
    return [f"went through on {named(dict.fromkeys(fine, ''))}"] if fine else []


def _counted(tally: Tally) -> str:
    hosts = f"{len(tally.hosts)} host{'s' if len(tally.hosts) != 1 else ''}"
    passed = sum(tally.count("ok", host) for host in tally.hosts)
    skipped = f"; no host matched {', '.join(tally.empty_plays)}" if tally.empty_plays else ""
    return f"{hosts}: {tally.changed} changed, {passed - tally.changed} as they should be{skipped}"


def _predicted(tally: Tally, unknown: int) -> str:
    hosts = f"{len(tally.hosts)} host{'s' if len(tally.hosts) != 1 else ''}"
    per_host = [f"{host} {tally.count('changed', host)}" for host in tally.hosts[:_MOST_NAMED]]
    said = f"{hosts}: {tally.changed} would change" + (f" ({', '.join(per_host)})" if len(tally.hosts) > 1 else "")
    return said + (f"; {unknown} cannot be predicted" if unknown else "")


def _how(code: int | None) -> str:
    return "a signal" if code is None else f"exit code {code}"
