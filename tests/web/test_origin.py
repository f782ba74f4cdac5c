"""A form is taken from our own pages, and not from those of another site."""

import pytest

from tests.web.visits import BASE, form

#: Every public page that something can be posted to.
FORMS = (
    "/signup", "/confirm", "/manage", "/manage/link", "/manage/question", "/manage/undo",
)  # fmt: skip
ELSEWHERE = (
    {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
    {"Sec-Fetch-Site": "same-site", "Origin": "https://www.eventide.example"},
    {"Sec-Fetch-Site": "cross-site", "Origin": BASE},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": f"{BASE}.evil.example"},
)
HERE_ITSELF: tuple[dict[str, str], ...] = (
    {"Sec-Fetch-Site": "same-origin", "Origin": BASE},
    {"Sec-Fetch-Site": "none"},
    {"Origin": BASE},
    {"Origin": BASE, "Host": "web:8000"},
    {"Origin": "http://10.0.0.5:8000", "Host": "10.0.0.5:8000"},
    {},
)


@pytest.mark.parametrize("headers", ELSEWHERE)
@pytest.mark.parametrize("path", FORMS)
async def test_a_form_of_another_site_is_refused_before_anything_is_read(
    cut_off, path, headers, capsys
):
    answer = await cut_off.post(path, data=form(), headers=headers)

    assert answer.status_code == 403
    assert "a form of another site is refused" in "".join(capsys.readouterr())
    assert "nothing was done with it" in answer.text
    assert answer.headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("headers", HERE_ITSELF)
async def test_our_own_form_is_taken_and_so_is_one_that_says_nothing(client, headers):
    answer = await client.post("/signup", data=form(), headers=headers)

    assert "Check your inbox" in answer.text


@pytest.mark.parametrize("path", ["/unsubscribe", "/operator/login", "/operator"])
async def test_mail_programs_post_from_anywhere_and_the_console_asks_itself(
    client, path
):
    data = {"List-Unsubscribe": "One-Click"}

    answer = await client.post(path, data=data, headers=ELSEWHERE[0])

    assert "nothing was done with it" not in answer.text


async def test_another_site_may_link_to_us(client):
    assert (await client.get("/", headers=ELSEWHERE[0])).status_code == 200
