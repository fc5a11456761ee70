"""A timeout on a host that is suspended meanwhile, with clocks that the test turns."""

from __future__ import annotations

from console.supervisor.stopping import Timeout


class Host:
    """Two clocks, as the kernel keeps them."""

    def __init__(self) -> None:
        self.awake = 1000.0
        self.boot = 5000.0

    def works(self, seconds: float) -> None:
        self.awake += seconds
        self.boot += seconds

    def sleeps(self, seconds: float) -> None:
        self.boot += seconds

    def timeout(self, seconds: float) -> Timeout:
        return Timeout(seconds, lambda: self.awake, lambda: self.boot)


def test_it_runs_out_when_the_host_is_awake() -> None:
    host = Host()
    timeout = host.timeout(60)
    assert timeout.remaining() == 60
    host.works(59)
    assert timeout.remaining() == 1
    host.works(1)
    assert timeout.remaining() == 0


def test_sleep_counts() -> None:
    host = Host()
    timeout = host.timeout(3600)
    host.works(60)
    host.sleeps(1800)
    assert timeout.remaining() == 3600 - 1860


def test_a_program_gets_a_moment_after_waking_up() -> None:
    host = Host()
    timeout = host.timeout(600)
    host.works(100)
    host.sleeps(8 * 3600)
    assert timeout.remaining() == 30
    host.works(29)
    assert timeout.remaining() == 1
    host.works(1)
    assert timeout.remaining() == 0


def test_the_moment_is_never_longer_than_what_was_left() -> None:
    host = Host()
    timeout = host.timeout(60)
    host.works(55)
    host.sleeps(3600)
    assert timeout.remaining() == 5


def test_a_second_sleep_gives_a_second_moment() -> None:
    host = Host()
    timeout = host.timeout(600)
    host.works(100)
    host.sleeps(3600)
    assert timeout.remaining() == 30
    host.works(20)
    host.sleeps(3600)
    assert timeout.remaining() == 30


def test_clocks_that_drift_apart_a_little_are_no_sleep() -> None:
    host = Host()
    timeout = host.timeout(60)
    host.works(60)
    host.sleeps(0.5)
    assert timeout.remaining() <= 0
