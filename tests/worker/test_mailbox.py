"""A mailbox of bounces is emptied, whatever happens to the connection."""

import pytest
from structlog.testing import capture_logs

from service.domain.errors import TryLater
from service.settings import BouncesSettings
from service.worker.intake import intake
from tests.worker.imap import FOLDER, HOST, PASSWORD, USER, Postbox


class Desk:
    """Takes what is handed in, unless a mail says that it must fail."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.is_away = 0

    async def receive(self, raw, recipient=""):
        if self.is_away:
            self.is_away -= 1
            raise TryLater("the database is away")
        if raw == b"odd":
            raise ValueError(recipient)
        self.taken.append(raw)


@pytest.fixture
def desk():
    return Desk()


def settings(postbox):
    return BouncesSettings(
        imap_host=HOST,
        imap_port=postbox.port,
        imap_user=USER,
        imap_password=PASSWORD,
        imap_folder=FOLDER,
        imap_tls="none",
    )


async def test_what_is_there_and_what_comes_is_handed_in_once_and_deleted(desk):
    async with Postbox(b"one", b"two") as postbox, intake(desk, settings(postbox)):
        await postbox.is_left(0)
        postbox.deliver(b"three\r\n\r\nwith lines")
        await postbox.is_left(0)

    assert desk.taken == [b"one", b"two", b"three\r\n\r\nwith lines"]


async def test_a_mail_is_deleted_only_after_it_is_done(desk):
    desk.is_away = 1
    with capture_logs() as lines:
        async with Postbox(b"one") as postbox, intake(desk, settings(postbox)):
            await postbox.is_left(0)
            heard = postbox.heard

    assert desk.taken == [b"one"]
    assert heard.count("LOGIN") == 2
    assert lines[0]["error"] == "the database is away"


async def test_a_mail_that_cannot_be_done_stays_and_stops_no_other(desk):
    with capture_logs() as lines:
        async with Postbox(b"odd", b"two") as postbox, intake(desk, settings(postbox)):
            await postbox.is_left(1)

    assert desk.taken == [b"two"]
    assert (lines[0]["event"], lines[0]["error"]) == ("cannot be done", "ValueError")


async def test_a_mail_that_another_worker_took_is_passed_over(desk):
    async with Postbox(b"one", b"two") as postbox:
        postbox.gone.add("1")
        async with intake(desk, settings(postbox)):
            await postbox.is_left(1)

    assert desk.taken == [b"two"]


@pytest.mark.parametrize("command", ["LOGIN", "UID FETCH", "UID STORE"])
async def test_after_a_refusal_it_connects_again(desk, command):
    with capture_logs() as lines:
        async with Postbox(b"one") as postbox:
            postbox.refused[command] = 1
            async with intake(desk, settings(postbox)):
                await postbox.is_left(0)

    assert set(desk.taken) == {b"one"}
    (line,) = lines
    assert PASSWORD not in str(line)
    assert line["error"] == f"the server refuses {command.removeprefix('UID ')}"


async def test_a_connection_that_breaks_while_it_waits_is_made_again(desk):
    with capture_logs() as lines:
        async with Postbox() as postbox, intake(desk, settings(postbox)):
            await postbox.is_left(0)
            postbox.mails[1] = b"one"
            postbox.hang_up()
            await postbox.is_left(0)

    assert desk.taken == [b"one"]
    assert lines[0]["error"] == "the server is silent, or gone"


async def test_a_server_that_is_away_is_found_when_it_is_back(desk):
    async with Postbox() as postbox:
        place = settings(postbox)
    async with intake(desk, place), Postbox(b"one", port=postbox.port) as postbox:
        await postbox.is_left(0)

    assert desk.taken == [b"one"]


async def test_a_server_without_tls_is_told_nothing(desk):
    async with Postbox(b"one") as postbox:
        over_tls = settings(postbox).model_copy(update={"imap_tls": "implicit"})
        with capture_logs() as lines:
            async with intake(desk, over_tls):
                await postbox.is_left_alone(2)

    assert postbox.heard == []
    assert desk.taken == []
    assert {line["error"] for line in lines} == {"SSLError"}
