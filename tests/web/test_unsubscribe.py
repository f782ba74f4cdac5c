"""Leaving, by a person at a page and by a mail program."""

import pytest

from service.domain.subscriber import Status
from service.domain.tokens import Purpose
from tests.web.visits import words

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


async def test_looking_at_the_link_changes_nothing(visitor, client):
    subscriber_id = await visitor.join()
    token = visitor.token(Purpose.UNSUBSCRIBE, subscriber_id)

    for method in ("HEAD", "GET"):
        answer = await client.request(method, "/unsubscribe", params={"token": token})
        assert answer.status_code == 200

    assert (await visitor.subscriber(subscriber_id)).status is Status.ACTIVE


async def test_a_person_presses_the_button_and_can_come_back(visitor, client):
    subscriber_id = await visitor.join()
    token = visitor.token(Purpose.UNSUBSCRIBE, subscriber_id)

    answer = await client.post("/unsubscribe", data={"token": token})
    left = await visitor.subscriber(subscriber_id)
    manage = visitor.token(Purpose.MANAGE, subscriber_id)
    page = await client.get("/manage", params={"token": manage})
    back = await visitor.manage(subscriber_id, "resume")

    assert "You will get no more mails" in words(answer.text)
    assert left.status is Status.STOPPED
    assert "You get no mails" in words(page.text)
    assert "Welcome back" in words(back.text)


async def test_the_page_of_an_address_that_cannot_get_mail_says_so(
    visitor, client, site
):
    subscriber_id = await visitor.join()
    found = await visitor.subscriber(subscriber_id)
    async with site.store.transaction() as tx:
        gone = type(found)(
            **{
                name: getattr(found, name)
                for name in found.__dataclass_fields__
                if name != "status"
            },
            status=Status.SUPPRESSED,
        )
        await tx.subscribers.save(gone, next_due_at=None, now=site.clock.now())

    token = visitor.token(Purpose.MANAGE, subscriber_id)
    page = await client.get("/manage", params={"token": token})

    assert "We send nothing to it." in words(page.text)


@pytest.mark.parametrize("is_multipart", [False, True])
async def test_one_click_acts_at_once_without_a_redirect(visitor, client, is_multipart):
    subscriber_id = await visitor.join()
    token = visitor.token(Purpose.UNSUBSCRIBE, subscriber_id)
    body = (
        {"files": {name: (None, value) for name, value in ONE_CLICK.items()}}
        if is_multipart
        else {"data": ONE_CLICK}
    )

    first = await client.post("/unsubscribe", params={"token": token}, **body)
    again = await client.post("/unsubscribe", params={"token": token}, **body)

    assert (first.status_code, again.status_code) == (200, 200)
    assert (await visitor.subscriber(subscriber_id)).status is Status.STOPPED


async def test_one_click_with_a_bad_signature_is_told_that_nobody_left(visitor, client):
    subscriber_id = await visitor.join()
    manage = visitor.token(Purpose.MANAGE, subscriber_id)

    for token in ("made.up", "", manage):
        answer = await client.post(
            "/unsubscribe", params={"token": token}, data=ONE_CLICK
        )
        assert answer.status_code == 400
        assert "nobody was unsubscribed" in answer.text

    assert (await visitor.subscriber(subscriber_id)).status is Status.ACTIVE


async def test_one_click_of_somebody_who_was_erased_is_done(visitor, client):
    token = visitor.token(Purpose.UNSUBSCRIBE, 12345)

    answer = await client.post("/unsubscribe", params={"token": token}, data=ONE_CLICK)

    assert (answer.status_code, answer.text) == (200, "Unsubscribed.\n")


def _in_the_middle(token, what):
    return f"{token[:9]}{what}{token[9:]}"


@pytest.mark.parametrize(
    "query",
    [
        lambda token: f"token=3D{token}",
        lambda token: f"token%3D{token}",
        lambda token: f"token%253D{token}",
        lambda token: f"token=%3D3D{token}",
        lambda token: f"token={_in_the_middle(token, '=%0D%0A')}",
        lambda token: f"token={_in_the_middle(token, '%3D%0A')}",
        lambda token: f"token={_in_the_middle(token, '%20')}",
        lambda token: f"token={token.replace('.', '=2E')}",
        lambda token: f"token={''.join(f'%{ord(c):02x}' for c in token)}",
        lambda token: f"from=mail&amp;token={token}",
        lambda token: f"from=mail%26amp%3Btoken%3D{token}&amp;more=1",
        lambda token: f"token={token}&gt;",
        lambda token: f"token={token}%3E",
        lambda token: f"token={token}%3E%2C%20%3Cmailto%3Aleave%40example.org%3E",
        lambda token: f"token={token}%20",
        lambda token: f"token={token}+",
        lambda token: f"token={token}%22",
    ],
)
async def test_what_gateways_do_to_a_token_is_undone(visitor, client, query):
    subscriber_id = await visitor.join()
    token = visitor.token(Purpose.UNSUBSCRIBE, subscriber_id)
    address = f"/unsubscribe?{query(token)}"

    page = await client.get(address)
    answer = await client.post(address, data=ONE_CLICK)

    assert page.status_code == 200
    assert f'value="{token}"' in page.text
    assert answer.status_code == 200
    assert (await visitor.subscriber(subscriber_id)).status is Status.STOPPED


BARE_LF = (
    '--x\nContent-Disposition: form-data; name="List-Unsubscribe"\n\nOne-Click\n--x--\n'
)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data; boundary=x", BARE_LF),
        ("multipart/form-data", BARE_LF),
        ("multipart/form-data; boundary=y", BARE_LF),
        ("text/plain", "List-Unsubscribe=One-Click"),
        ("application/x-www-form-urlencoded", ""),
    ],
)
async def test_one_click_acts_whatever_its_body_is_like(visitor, client, kind, body):
    subscriber_id = await visitor.join()
    token = visitor.token(Purpose.UNSUBSCRIBE, subscriber_id)

    answer = await client.post(
        f"/unsubscribe?token={token}", content=body, headers={"Content-Type": kind}
    )

    assert answer.status_code == 200
    assert (await visitor.subscriber(subscriber_id)).status is Status.STOPPED


async def test_one_click_is_put_off_while_the_database_is_away(visitor, cut_off):
    token = visitor.token(Purpose.UNSUBSCRIBE, 1)

    answer = await cut_off.post(f"/unsubscribe?token={token}", data=ONE_CLICK)

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "60"


async def test_a_person_with_a_broken_link_is_told_what_to_do(client):
    shown = await client.get("/unsubscribe", params={"token": "made.up"})
    pressed = await client.post("/unsubscribe", data={"token": "made.up"})

    assert (shown.status_code, pressed.status_code) == (410, 410)
    assert "The link at the end of any of our mails" in words(pressed.text)
