"""What can be done on every screen of a run: the action menu, the review, and the verbs nobody asked about."""

from __future__ import annotations

from collections.abc import Callable

from console.protocol import RunView, StepView
from console.tui.screens.confirm import Confirmed
from console.tui.screens.frame import Frame
from console.view.confirming import confirm_action
from console.view.situation import Situation


class RunActions(Frame):
    """The actions of a run and of the step under the cursor."""

    run_id: int

    @property
    def run_view(self) -> RunView | None:
        """The run, as far as it is known."""
        run = self.console.desk.run
        return run if run is not None and run.id == self.run_id else None

    @property
    def step(self) -> StepView | None:
        """The step that is meant."""
        return None

    def do_menu(self) -> None:
        """Everything that can be done here."""
        from console.tui.screens.menu import MenuScreen

        at = self.situation()

        def now() -> Situation:
            # The run goes on while the menu is open; the step stays the one it was opened for.
            return Situation(at.place, self.console.desk.connected, self.run_view, self._again(at.step))

        def chosen(action: str | None) -> None:
            if action is not None:
                self.act(action, now())

        self.console.push_screen(MenuScreen(now), chosen)

    def _again(self, step: StepView | None) -> StepView | None:
        from console.view.steps import find

        return find(self.run_view, step.path) if step is not None and self.run_view is not None else None

    def do_review(self) -> None:
        """What waits for a person."""
        from console.tui.screens.review import ReviewScreen

        self.console.push_screen(ReviewScreen(self.run_id))

    def do_output(self) -> None:
        """The output of the step on the whole screen."""
        from console.tui.screens.output import OutputScreen

        if (step := self.step) is not None:
            self.console.push_screen(OutputScreen(self.run_id, step.path))

    def do_run_pause(self) -> None:
        """Pause at once: the safe direction asks nothing."""
        self.console.send_verb(self.run_id, "pause")

    def do_run_resume(self) -> None:
        """Go on."""
        self._confirmed("run.resume", "resume", on_step=False)

    def do_run_cancel(self) -> None:
        """Let what runs finish, then end the run."""
        self._confirmed("run.cancel", "cancel", on_step=False)

    def do_run_cancel_stop(self) -> None:
        """Stop what runs, and end the run."""
        self._confirmed("run.cancel_stop", "cancel", on_step=False, stop=True)

    def do_step_stop(self) -> None:
        """Stop what the step runs."""
        self._confirmed("step.stop", "cancel", stop=True)

    def do_step_skip(self) -> None:
        """Pass over the step."""
        self._confirmed("step.skip", "skip")

    def do_step_jump(self) -> None:
        """Go on at the step."""
        self._confirmed("step.jump", "jump")

    def do_rollback_to(self) -> None:
        """Undo what started after the step."""
        self._confirmed("rollback.to", "rollback")

    def do_rollback_all(self) -> None:
        """Undo everything."""
        self._confirmed("rollback.all", "rollback", on_step=False)

    def _confirmed(self, action: str, verb: str, *, on_step: bool = True, stop: bool = False) -> None:
        run, step = self.run_view, self.step
        if run is None:
            return
        meant = step if on_step else None
        send = self._sender(verb, None if meant is None else meant.path, stop)
        self.console.confirm(confirm_action(action, run, meant, self.size.width), send)

    def _sender(self, verb: str, path: str | None, stop: bool) -> Callable[[Confirmed | None], None]:
        def answered(confirmed: Confirmed | None) -> None:
            if confirmed is not None:
                self.console.send_verb(self.run_id, verb, step=path, reason=confirmed.note, stop=stop)

        return answered
