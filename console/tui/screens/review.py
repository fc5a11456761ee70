"""What waits for a person: the question with its evidence, and the answers."""

from __future__ import annotations

from collections.abc import Iterable

from textual.containers import Vertical
from textual.widget import Widget

from console.engine.reports import Value
from console.engine.words import Answer
from console.protocol import StepView, WaitingView
from console.tui.screens.acting import RunActions
from console.tui.screens.confirm import Confirmed
from console.tui.screens.frame import RunFrame, bindings
from console.tui.widgets.bar import Bar
from console.tui.widgets.fields import FieldRow, Fields
from console.tui.widgets.rows import Rows
from console.view.answers import Choice, choices
from console.view.confirming import confirm_answer
from console.view.detail import read_output_key
from console.view.form import form_fields
from console.view.review import checklist_rows, choice_rows, review_rows
from console.view.sanitise import line as clean
from console.view.situation import Place, Situation
from console.view.spans import rule, words
from console.view.steps import find

Asked = tuple[str, str, str, tuple[Answer, ...]]


class ReviewScreen(RunActions, RunFrame):
    """The text of a task, its checklist and fields, and its answers. Nothing is answered by opening it."""

    PLACE = Place.REVIEW
    BINDINGS = bindings(Place.REVIEW)
    DEFAULT_CSS = """
    ReviewScreen #text { height: 1fr; min-height: 3; }
    ReviewScreen #fields-place { height: auto; }
    """

    def __init__(self, run_id: int) -> None:
        super().__init__(name=f"review run {run_id}")
        self.run_id = run_id
        self._shown_task: WaitingView | None = None
        self._ticked: frozenset[int] = frozenset()
        self._answered = False

    def panes(self) -> Iterable[Widget]:
        """Text, checklist, fields, answers."""
        yield Bar(id="text-rule")
        yield Rows(text=True, id="text")
        yield Bar(id="checklist-rule")
        yield Rows(id="checklist")
        yield Vertical(id="fields-place")
        yield Bar(id="answers-rule")
        yield Rows(id="answers")

    def entered(self) -> None:
        """Nothing is known yet."""
        for name in ("#checklist-rule", "#checklist"):
            self.query_one(name).display = False
        self.query_one("#text", Rows).moved = self._draw_rules
        self.query_one("#answers").focus()

    @property
    def step(self) -> StepView | None:
        """The step that asks."""
        if self._shown_task is None or self.run_view is None:
            return None
        return find(self.run_view, self._shown_task.step)

    def situation(self) -> Situation:
        """What waits, and its step."""
        connected, run, task = self.console.desk.connected, self.run_view, self._shown_task
        return Situation(Place.REVIEW, connected, run, self.step, task, typing=self.typing)

    # --- drawing -----------------------------------------------------------------------------------------------------

    def draw(self) -> None:
        """Take up what waits now, and draw it."""
        self.draw_rows()
        run = self.run_view
        if run is None:
            self.query_one("#text", Rows).show([words("reading the journal", "dim")])
            return
        self._take_up(_same(self._shown_task, run.waiting))
        text, answers = self.query_one("#text", Rows), self.query_one("#answers", Rows)
        if self._shown_task is None:
            text.show([words("Nothing waits for an answer any more. esc goes back.", "strong")])
            answers.show([])
        else:
            text.show(review_rows(self._shown_task, run, self.canvas()))
            checklist = self.query_one("#checklist", Rows)
            checklist.show(checklist_rows(self._shown_task, self._ticked, self.canvas()))
            answers.show(choice_rows(self._choices(), self.canvas()))
        self._fit_panes()
        self._draw_rules()

    def _take_up(self, task: WaitingView | None) -> None:
        before, self._shown_task = self._shown_task, task
        if _asked(before) == _asked(task):
            changed = before is not None and task is not None and before.version != task.version
            if changed and not self._answered:
                self.console.say("What is asked here changed just now: look again before you answer.", "waiting")
            self._answered = self._answered and not changed
            return
        if before is not None:
            said = "Something else is asked now." if task is not None else "It was answered; nothing waits here now."
            if not self._answered:
                self.console.say(said, "waiting")
            elif task is None and self.is_current:
                # Back to the run, to see what the answer leads to.
                self.call_later(self.console.go_back)
        self._answered = False
        self._ticked = frozenset()
        self.query_one("#text", Rows).edge(-1)
        self.query_one("#answers", Rows).edge(-1)
        if not self.is_closed():
            self.console.start_task(self._build(task))

    async def _build(self, task: WaitingView | None) -> None:
        place = self.query_one("#fields-place")
        await place.remove_children()
        if task is not None and task.asks:
            await place.mount(Fields(form_fields(task.asks), id="fields"))
        if self.is_closed():
            return  # left while the fields were being changed
        listed = task is not None and bool(task.checklist)
        for name in ("#checklist-rule", "#checklist"):
            self.query_one(name).display = listed
        if self.is_current:
            self.query_one("#checklist" if listed else "#answers").focus()
        self.call_after_refresh(self.redraw)

    def _fit_panes(self) -> None:
        task = self._shown_task
        room = max(4, self.size.height - 8)
        ticks = min(len(task.checklist) if task is not None else 0, max(2, room // 3))
        answers = min(len(task.answers) if task is not None else 1, max(2, room // 2))
        for name, height in (("#checklist", ticks), ("#answers", answers)):
            self.query_one(name, Rows).take_cells(max(1, height))

    def _draw_rules(self) -> None:
        width = self.size.width
        text, checklist, answers = (self.query_one(name, Rows) for name in ("#text", "#checklist", "#answers"))
        title, right = "Review", text.state()
        if self._shown_task is not None and self.run_view is not None:
            waiting = self.run_view.waiting
            title = f"Review  {clean(self._shown_task.title, limit=50)}"
            if len(waiting) > 1:
                right = f"{waiting.index(self._shown_task) + 1} of {len(waiting)}  {right}".strip()
        self.query_one("#text-rule", Bar).show(rule(title, right, width, focused=text.has_focus))
        count = len(self._shown_task.checklist) if self._shown_task is not None else 0
        ticked = f"{len(self._ticked)} of {count} ticked"
        self.query_one("#checklist-rule", Bar).show(rule("Checklist", ticked, width, focused=checklist.has_focus))
        self.query_one("#answers-rule", Bar).show(rule("Answers", "", width, focused=answers.has_focus))

    def on_descendant_focus(self) -> None:
        """The title of the pane with the keys looks different."""
        if self.drawable and self.run_view is not None:
            self._draw_rules()

    def pane(self) -> Rows | None:
        """The pane that the moving keys mean."""
        focused = self.focused
        return focused if isinstance(focused, Rows) else None

    def do_move_page_down(self) -> None:
        """Paging always reads the text."""
        self.query_one("#text", Rows).page(1)
        self._draw_rules()

    def do_move_page_up(self) -> None:
        """Paging always reads the text."""
        self.query_one("#text", Rows).page(-1)
        self._draw_rules()

    # --- answering ---------------------------------------------------------------------------------------------------

    def _fields(self) -> Fields | None:
        found = self.query(Fields)
        return found.first() if found else None

    def _choices(self) -> list[Choice]:
        if self._shown_task is None or self.run_view is None:
            return []
        fields = self._fields()
        unticked = len(self._shown_task.checklist) - len(self._ticked)
        return choices(self._shown_task, self.run_view, unticked=unticked, wrong=len(fields.wrong) if fields else 0)

    def on_field_row_changed(self, event: FieldRow.Changed) -> None:
        """Something else is typed."""
        event.stop()
        self.redraw()

    def on_fields_finished(self, event: Fields.Finished) -> None:
        """Enter in the last field goes to the answers."""
        event.stop()
        self.query_one("#answers").focus()

    def do_row_tick(self) -> None:
        """Tick or untick."""
        checklist = self.query_one("#checklist", Rows)
        if checklist.display and checklist.key:
            self._ticked = self._ticked ^ {int(checklist.key)}
            checklist.move(1)
            self.redraw()

    def do_row_choose(self) -> None:
        """Enter: tick a line, open an output, or give the answer under the cursor."""
        focused = self.focused
        if focused is self.query_one("#checklist"):
            self.do_row_tick()
        elif focused is self.query_one("#text"):
            self._open_output()
        elif focused is self.query_one("#answers") and (key := self.query_one("#answers", Rows).key):
            self._choose(Answer(key))

    def _open_output(self) -> None:
        from console.tui.screens.output import OutputScreen

        if found := read_output_key(self.query_one("#text", Rows).key):
            self.console.push_screen(OutputScreen(self.run_id, *found))

    def do_answer_approve(self) -> None:
        """Approve."""
        self._choose(Answer.APPROVE)

    def do_answer_reject(self) -> None:
        """Reject."""
        self._choose(Answer.REJECT)

    def do_answer_retry(self) -> None:
        """Retry."""
        self._choose(Answer.RETRY)

    def do_answer_skip(self) -> None:
        """Skip."""
        self._choose(Answer.SKIP)

    def _choose(self, answer: Answer) -> None:
        task, run = self._shown_task, self.run_view
        choice = next((one for one in self._choices() if one.answer is answer), None)
        if task is None or run is None or choice is None:
            return
        if choice.why_not:
            self._to_what_is_missing()
            self.console.say(f"{choice.label}: {choice.why_not}.", "waiting")
            return
        values = self._values(answer)

        def answered(confirmed: Confirmed | None) -> None:
            if confirmed is not None:
                self._answered = True
                self.console.send_answer(task, answer, values, confirmed.note)

        self.console.confirm(confirm_answer(choice, task, run, self.size.width), answered)

    def _values(self, answer: Answer) -> dict[str, Value]:
        fields = self._fields()
        return fields.values() if fields is not None and answer is Answer.DONE else {}

    def _to_what_is_missing(self) -> None:
        fields = self._fields()
        if self._shown_task is not None and len(self._ticked) < len(self._shown_task.checklist):
            self.query_one("#checklist").focus()
        elif fields is not None:
            fields.touch()
            fields.to_first(wrong=True)

    # --- more than one -----------------------------------------------------------------------------------------------

    def do_next(self) -> None:
        """The next thing that waits."""
        self._turn(1)

    def do_previous(self) -> None:
        """The one before."""
        self._turn(-1)

    def _turn(self, by: int) -> None:
        run = self.run_view
        if run is None or self._shown_task is None or len(run.waiting) < 2:
            return
        at = next((number for number, task in enumerate(run.waiting) if _asked(task) == _asked(self._shown_task)), 0)
        self._answered = True
        self._take_up(run.waiting[(at + by) % len(run.waiting)])
        self.redraw()


def _asked(task: WaitingView | None) -> Asked | None:
    """What is asked, without what may change while it stays the same question."""
    return None if task is None else (task.step, task.kind.value, task.since, task.answers)


def _same(task: WaitingView | None, waiting: tuple[WaitingView, ...]) -> WaitingView | None:
    found = next((one for one in waiting if _asked(one) == _asked(task)), None)
    return found or (waiting[0] if waiting else None)
