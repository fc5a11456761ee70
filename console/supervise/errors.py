"""What can go wrong between the server and a supervisor."""

from __future__ import annotations

from console.errors import ConsoleError


class SuperviseError(ConsoleError):
    """An attempt could not be started or reached."""

    code = "supervise"


class CouldNotStart(SuperviseError):
    """No program was started, for certain; the attempt may be made again."""

    code = "could-not-start"


class StartUnclear(SuperviseError):
    """The supervisor did not say whether the program was started; its directory knows (`settle`)."""

    code = "start-unclear"


class ControlError(SuperviseError):
    """The supervisor refused a request, or could not be reached."""

    code = "control"
