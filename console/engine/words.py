"""The words of the domain: one enum each, used alike by engine, journal, screens, CLI and JSON."""

from __future__ import annotations

from enum import StrEnum


class StepState(StrEnum):
    """Where the latest visit of a step stands."""

    PENDING = "pending"
    READY = "ready"
    PREPARED = "prepared"
    PREVIEWED = "previewed"
    WAITING = "waiting"
    RUNNING = "running"
    IN_DOUBT = "in_doubt"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    UNVERIFIED = "unverified"
    DONE_BY_HAND = "done_by_hand"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    ROLLING_BACK = "rolling_back"
    ROLLED_BACK = "rolled_back"
    ROLLBACK_FAILED = "rollback_failed"


class RunState(StrEnum):
    """Where a run stands; the last four are ends."""

    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    PAUSED = "paused"
    IN_DOUBT = "in_doubt"
    ROLLING_BACK = "rolling_back"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    ROLLED_BACK = "rolled_back"


RUN_ENDS = frozenset({RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED, RunState.ROLLED_BACK})


class Outcome(StrEnum):
    """What came of a visit to a step: the words a runbook's `then:` speaks about."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    REJECTED = "rejected"
    UNVERIFIED = "unverified"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


class Purpose(StrEnum):
    """What one process is for."""

    PREVIEW = "preview"
    APPLY = "apply"
    DISCOVER = "discover"
    VERIFY = "verify"
    ROLLBACK_PREVIEW = "rollback_preview"
    ROLLBACK = "rollback"


class AttemptState(StrEnum):
    """Where one process stands, as far as the journal knows."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    NEVER_STARTED = "never_started"
    IN_DOUBT = "in_doubt"


class Effect(StrEnum):
    """What a step does to the world, weakest first."""

    READS = "reads"
    CHANGES = "changes"
    DESTROYS = "destroys"


class TaskKind(StrEnum):
    """Why a run needs a person."""

    MANUAL = "manual"
    APPROVAL = "approval"
    FAILED = "failed"
    IN_DOUBT = "in_doubt"
    SURVIVORS = "survivors"
    ROLLBACK = "rollback"
    ROLLBACK_FAILED = "rollback_failed"
    ROLLED_BACK_TO = "rolled_back_to"


class Answer(StrEnum):
    """The words a person may answer a task with."""

    DONE = "done"
    NOT_DONE = "not_done"
    PARTLY = "partly"
    LOOK_AGAIN = "look_again"
    APPROVE = "approve"
    REJECT = "reject"
    RETRY = "retry"
    SKIP = "skip"
    STOP = "stop"
    ROLLBACK = "rollback"
    UNDO = "undo"
    LEAVE = "leave"
    GO_ON = "go_on"
    END_THEM = "end_them"
    START_ANYWAY = "start_anyway"


class RollbackState(StrEnum):
    """Where one entry of the rollback list stands."""

    STANDING = "standing"
    UNDOING = "undoing"
    UNDONE = "undone"
    BY_HAND = "by_hand"
    LEFT = "left"


class Ending(StrEnum):
    """How a process came to its end, as the supervisor or recovery tells it."""

    EXITED = "exited"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    NEVER_STARTED = "never_started"
    LOST = "lost"


class TimerPurpose(StrEnum):
    """What a timer is for."""

    WAIT = "wait"
    RETRY = "retry"
    WITHIN = "within"
    TASK = "task"
    DEADLINE = "deadline"
