"""Whether what an expression names is there, on every way that leads to it."""

from __future__ import annotations

from console.catalog.draft import Draft, DraftStep
from console.catalog.findings import Mark, listed, nearest, shorten
from console.catalog.references import Reference
from console.catalog.ways import Ways, find_ways
from console.engine.runbook import Field

RUN = ("number", "runbook", "home", "started_by", "environment")
STEP = ("outputs", "answers", "outcome", "state")
_LITERAL = "write the name out, so that it can be checked before anything runs"


class NameCheck:
    """Checks the references of one draft."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.ways: Ways | None = find_ways(draft.steps) if draft.complete else None

    def check(self, reference: Reference, step: DraftStep | None, mark: Mark, *, undo: bool) -> None:
        """Record what is wrong with a reference in a step, in its rollback, or (no step) at the top of the file."""
        if reference.dynamic and reference.root in ("params", "steps") and len(reference.path) < 3:
            self._add("expression", f"{reference}[…] is only known when it is evaluated", mark, _LITERAL)
            return
        match reference.root:
            case "params":
                self._params(reference, mark)
            case "run":
                self._one_of("run", reference.path, RUN, mark)
            case "operator":
                if reference.path:
                    self._add("unknown-name", "operator is a name and has nothing in it", mark, "write {{ operator }}")
            case "item":
                mend = "foreach is part of the language but not yet of this version"
                self._add("unknown-name", "item is there only inside foreach", mark, mend)
            case "steps" if step is None:
                mend = "only params, run and operator are known when a run starts"
                self._add("unknown-name", f"{reference} is not there when the run starts", mark, mend)
            case "steps" if step is not None:
                self._step(reference, step, mark, undo)

    def _add(self, code: str, message: str, mark: Mark, mend: str = "") -> None:
        self.draft.findings.add(code, message, mark, mend)

    def _one_of(self, what: str, path: tuple[str, ...], known: tuple[str, ...], mark: Mark) -> bool:
        if path and path[0] in known:
            return True
        said = f"there is no {what}.{path[0]}" if path else f"{what} alone is a mapping"
        mend = (nearest(path[0], known) if path else "") or f"{what} has {listed(known)}"
        self._add("unknown-name", said, mark, mend)
        return False

    def _params(self, reference: Reference, mark: Mark) -> None:
        data = self.draft.document.data
        declared = data.get("parameters")
        known = list(declared) if isinstance(declared, dict) else []
        if not reference.path:
            self._add("unknown-name", "params alone is a mapping", mark, "write params.NAME")
        elif reference.path[0] not in known and not reference.guarded:
            mend = nearest(reference.path[0], known) or (
                f"there are {listed(known)}" if known else "declare it under parameters:"
            )
            self._add("unknown-name", f"there is no parameter {shorten(reference.path[0])}", mark, mend)
        elif len(reference.path) > 1:
            self._add("unknown-name", f"{reference} asks a parameter for something in it", mark, "leave that out")

    def _step(self, reference: Reference, step: DraftStep, mark: Mark, undo: bool) -> None:
        if not reference.path:
            self._add("unknown-name", "steps alone is a mapping", mark, "write steps.ID.outputs.NAME")
            return
        step_id = reference.path[0]
        target = self.draft.find(step_id) or self.draft.find(step_id.replace("_", "-"))
        if target is None:
            if step_id not in self.draft.other_ids and step_id.replace("_", "-") not in self.draft.other_ids:
                mend = nearest(step_id, self.draft.ids) or f"there are {listed(self.draft.ids)}"
                self._add("unknown-step", f"there is no step {shorten(step_id)}", mark, mend)
            return
        if not self._one_of(f"steps.{step_id}", reference.path[1:], STEP, mark):
            return
        if target is step:
            when = "its rollback is pinned before it starts" if undo else "it has not run when this is evaluated"
            mend = "the tool's own state, a file in the run's directory, or a step in between can carry it"
            self._add("unknown-name", f"step {shorten(step.id)} cannot read itself: {when}", mark, mend)
            return
        optional = self._value(reference, target, mark)
        self._order(reference, target, step, mark, optional=optional)

    def _value(self, reference: Reference, target: DraftStep, mark: Mark) -> bool:
        """Check the name of an output or answer; whether it may be missing although its step succeeded."""
        if reference.path[1] not in ("outputs", "answers") or target.kind is None or target.step is None:
            return False
        what = reference.path[1]
        known = self._fields(target, what)
        called = f"{what} of step {shorten(target.id)}"
        if len(reference.path) < 3:
            mend = f"name one: there are {listed(known)}" if known else f"write steps.{target.id}.{what}.NAME"
            self._add("unknown-name", f"{called} is a mapping", mark, mend)
            return False
        name = reference.path[2]
        found = known.get(name) or known.get(name.replace("_", "-"))
        if found is not None:
            return found.optional
        if what == "outputs" and target.kind.open_outputs and not known:
            return False
        mend = nearest(name, known) or _where_declared(what, target, known)
        self._add("unknown-name", f"there is no {shorten(name)} in {called}", mark, mend)
        return False

    def _fields(self, target: DraftStep, what: str) -> dict[str, Field]:
        if what == "outputs":
            return target.step.outputs if target.step else {}
        asks = getattr(target.body.fitted, "asks", None) if target.body else None
        return asks if isinstance(asks, dict) else {}

    def _order(self, reference: Reference, target: DraftStep, step: DraftStep, mark: Mark, *, optional: bool) -> None:
        if self.ways is None or step.index not in self.ways.reached:
            return
        if not self.ways.may_precede(target.index, step.index):
            message = f"step {shorten(target.id)} never runs before step {shorten(step.id)}"
            self._add("unknown-name", message, mark, "read an earlier step, or exchange the two")
            return
        if reference.guarded:
            return
        if optional:
            self._add("may-be-missing", f"{reference} is optional", mark, f"write {reference} | default('…')")
            return
        needs_success = reference.path[1] in ("outputs", "answers")
        if needs_success and not self.ways.surely_provided(target.index, step.index):
            reason = "has a when:" if target.step and target.step.when else "may be jumped over or fail"
            message = f"step {shorten(target.id)} {reason}, so that {reference} may be missing"
            self._add("may-be-missing", message, mark, f"write {reference} | default('…')")


def _where_declared(what: str, target: DraftStep, known: dict[str, Field]) -> str:
    if known:
        return f"there are {listed(known)}"
    if what == "outputs" and target.kind is not None and not target.kind.for_people:
        return "declare it in outputs: of that step, and write it to $CONSOLE_OUTPUT"
    return "a manual step gives the answers that it lists under asks:"
