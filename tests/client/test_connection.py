from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from console.client.connection import Client
from console.client.faults import error_of, fault_of
from console.config import Home, find_home
from console.engine.words import RunState
from console.errors import ConsoleError, InvalidRunbook, NotFoundError, RefusedError, ServerUnreachable
from console.protocol import Changed, Done, DoRun, Fault, ListRuns, ShowRun, StopServer, Watch
from tests.client.samples import run_view, summary
from tests.client.stand_in import StandIn


@pytest.fixture
def server(console_home: Path) -> Iterator[StandIn]:
    with StandIn(console_home) as stand_in:
        yield stand_in


@pytest.fixture
def client(server: StandIn) -> Iterator[Client]:
    client = Client(find_home(), start=False)
    yield client
    client.close()


def test_an_answer_comes_in_the_type_that_the_ask_declares(server: StandIn, client: Client) -> None:
    server.answers[ListRuns] = (summary(),)
    server.answers[ShowRun] = run_view()

    assert client.ask(ListRuns(waiting=True)) == (summary(),)
    assert client.ask(ShowRun(run=42)).params == {"name": "demo"}
    assert server.asked == [ListRuns(waiting=True), ShowRun(run=42)]


def test_a_fault_is_raised_as_the_error_it_stands_for(server: StandIn, client: Client) -> None:
    server.answers[ShowRun] = NotFoundError("There is no run 7.", mend="console runs lists them")

    with pytest.raises(NotFoundError, match="no run 7") as caught:
        client.ask(ShowRun(run=7))
    assert caught.value.mend == "console runs lists them"


def test_the_name_that_is_claimed_is_told_in_the_greeting(server: StandIn) -> None:
    client = Client(find_home(), as_name="ben", start=False)

    assert (client.welcome.name, client.welcome.asserted) == ("ben", True)
    assert server.hellos[0].as_name == "ben"
    client.close()


def test_a_greeting_that_is_refused_raises_why(server: StandIn, client: Client) -> None:
    server.welcome_error = Fault(code="refused", exit_code=3, message="This home belongs to another user.")

    with pytest.raises(RefusedError, match="another user"):
        client.ask(ListRuns())


def test_a_server_of_another_home_is_asked_nothing(server: StandIn, client: Client) -> None:
    server.home_name = "/somewhere/else"

    with pytest.raises(ServerUnreachable, match="another home"):
        client.ask(ListRuns())
    assert server.asked == []


def test_without_a_server_and_not_allowed_to_start_one_the_error_says_how(console_home: Path) -> None:
    client = Client(find_home(), start=False)

    with pytest.raises(ServerUnreachable, match="No server runs") as caught:
        client.ask(ListRuns())
    assert caught.value.mend == "console server start"


def test_a_stale_socket_is_no_server(server: StandIn, client: Client) -> None:
    server.close(leave_socket=True)

    with pytest.raises(ServerUnreachable, match="No server runs"):
        client.ask(ListRuns())


def test_a_command_is_asked_again_with_the_same_id_when_the_connection_breaks(server: StandIn, client: Client) -> None:
    seen: list[str] = []

    def answer(ask: DoRun) -> Done:
        seen.append(ask.command)
        if len(seen) == 1:
            server.cut()
        return Done(run=42, seq=3, state=RunState.PAUSED, repeated=len(seen) > 1)

    server.answers[DoRun] = answer

    assert client.ask(DoRun(run=42, verb="pause", command="one")).repeated
    assert seen == ["one", "one"]


def test_stopping_the_server_is_not_asked_twice(server: StandIn, client: Client) -> None:
    server.answers[StopServer] = lambda _: server.cut()

    with pytest.raises(ServerUnreachable, match="lost"):
        client.ask(StopServer())
    assert server.asked_of(StopServer) == [StopServer()]


def test_pushes_that_come_between_are_kept(server: StandIn, client: Client) -> None:
    def answer(_: ListRuns) -> tuple[()]:
        server.push(Changed(run=42, seq=5, state=RunState.RUNNING))
        server.push(Changed(run=42, seq=6, state=RunState.WAITING))
        return ()

    server.answers[ListRuns] = answer
    client.watch(42)
    client.ask(ListRuns())

    assert client.next_push(0) == Changed(run=42, seq=5, state=RunState.RUNNING)
    assert client.next_push(5) == Changed(run=42, seq=6, state=RunState.WAITING)
    assert client.next_push(0) is None


def test_a_watch_holds_after_the_server_was_lost(server: StandIn, client: Client) -> None:
    server.answers[ListRuns] = ()
    client.watch(42)
    server.cut()
    client.ask(ListRuns())

    assert server.asked_of(Watch) == [Watch(run=42), Watch(run=42)]


@pytest.mark.parametrize(
    "said",
    [b"\x00\x00\x00\x05hello", b"\x00\x00\x00\x02[]", b"\xff\xff\xff\xff", b'\x00\x00\x00\x12{"reply":{"id":"x"}}'],
    ids=["no json", "another shape", "four gigabytes announced", "wrong type"],
)
def test_what_is_not_the_protocol_is_one_clear_error(server: StandIn, client: Client, said: bytes) -> None:
    def answer(_: ListRuns) -> tuple[()]:
        server.say_raw(said)
        return ()

    server.answers[ListRuns] = answer

    with pytest.raises(ServerUnreachable, match="cannot be understood"):
        client.ask(ListRuns())


def test_a_body_of_another_version_is_one_clear_error(server: StandIn, client: Client) -> None:
    server.answers[ShowRun] = {"id": 42, "state": "a state of the year 2040"}

    with pytest.raises(ServerUnreachable, match="cannot be understood"):
        client.ask(ShowRun(run=42))


@pytest.mark.parametrize("kind", [ConsoleError, *ConsoleError.__subclasses__()])
def test_every_error_survives_the_way_over_the_wire(kind: type[ConsoleError]) -> None:
    error = kind("It failed.", where="here", unaffected="all else", mend="mend it")
    again = error_of(fault_of(error))

    assert (again.code, again.exit_code, again.lines()) == (error.code, error.exit_code, error.lines())


def test_problems_of_a_runbook_survive_the_way_over_the_wire() -> None:
    error = error_of(fault_of(InvalidRunbook("It cannot be used.", problems=["one:1:2: wrong", "two"])))

    assert isinstance(error, InvalidRunbook)
    assert error.lines()[1:] == ["  - one:1:2: wrong", "  - two"]


def test_an_error_that_this_client_does_not_know_keeps_its_code() -> None:
    error = error_of(Fault(code="quantum", exit_code=77, message="Odd."))

    assert (error.code, error.exit_code, error.message) == ("quantum", 77, "Odd.")


def test_a_socket_in_a_directory_that_others_can_write_to_is_not_used(server: StandIn) -> None:
    home = find_home()
    from console.config import socket_path

    socket_path(home).parent.chmod(0o777)
    with pytest.raises(RefusedError, match="written to by others"):
        Client(home, start=False).ask(ListRuns())
    socket_path(home).parent.chmod(0o700)


def test_homes_live_side_by_side(server: StandIn, tmp_path: Path) -> None:
    server.answers[ListRuns] = ()
    other = Home(tmp_path / "other")

    with pytest.raises(ServerUnreachable, match="No server runs"):
        Client(other, start=False).ask(ListRuns())
