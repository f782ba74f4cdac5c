"""Pages for everyone: when to get help, what the tips lean on, what is kept."""

import re

import pytest

from tests.web.visits import ADDRESS, problems, words


async def test_the_care_page_names_the_numbers_of_a_country(cut_off):
    page = words((await cut_off.get("/care", params={"country": "GB"})).text)

    assert "Call 999 now" in page
    assert "Call Samaritans on 116 123." in page
    assert "Call NHS 111 on 111" in page
    assert "call your maternity unit now" in page
    assert "See someone soon" in page


async def test_without_a_country_no_number_is_made_up(cut_off):
    for country in ("", "XX", "ZZ"):
        page = words((await cut_off.get("/care", params={"country": country})).text)
        assert "Call your local emergency number now" in page
        assert "999" not in page


@pytest.mark.parametrize(
    ("sign", "said", "other"),
    [
        (
            "statin_pain",
            "since a statin was begun or changed",
            "a cramp of more than 10",
        ),
        ("heartbeat", "with a racing or uneven heartbeat", "a locked jaw"),
        ("expecting_baby", "the baby moves less", "a severe headache"),
    ],
)
async def test_the_sign_that_was_ticked_stands_first_and_the_others_after_it(
    cut_off, sign, said, other
):
    page = words((await cut_off.post("/signup", data={"red_flags": sign})).text)

    begun = page.index("You ticked")
    assert begun < page.index(said) < page.index(other)
    assert page.count(said) == 1


async def test_without_a_tick_the_signs_stand_in_their_own_order(cut_off):
    page = words((await cut_off.get("/care")).text)

    assert "You ticked" not in page
    assert page.index("chest pain") < page.index("dark pee") < page.index("a statin")


async def test_one_sign_of_pregnancy_of_an_older_page_leads_to_the_maternity_unit(
    cut_off,
):
    page = await cut_off.post("/signup", data={"red_flags": "expecting"})

    assert "call your maternity unit now" in words(page.text)


async def test_no_answer_is_lost_by_a_sign_that_was_ticked_by_mistake(visitor, client):
    care = await visitor.sign_up(red_flags="statin_pain", conditions="kidney")
    kept = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', care.text)
    sent = {name: [v for n, v in kept if n == name] for name, _ in kept}

    form = (await client.post("/signup", data={**sent, "back": "yes"})).text

    assert 'name="conditions" value="kidney" checked' in form
    assert 'value="med_statin" checked' in form
    assert f'name="email" value="{ADDRESS}"' in form
    assert 'name="red_flags" value="statin_pain">' in form
    assert problems(form) == {}
    assert await visitor.mails() == ()


async def test_a_number_can_be_pressed_on_a_phone(cut_off):
    page = await cut_off.get("/care", params={"country": "GB"})

    assert '<a class="tel" href="tel:116123">116 123</a>' in page.text


async def test_the_sources_page_lists_every_source_and_says_who_checked(
    cut_off, library
):
    page = (await cut_off.get("/sources")).text

    for name in library.sources_by_id:
        assert f'<li id="{name}">' in page
    tips = len(library.catalogue.tips)
    assert f"0 of {tips} tips reviewed by a clinician." in words(page)


async def test_the_privacy_page_says_what_is_kept_and_for_how_long(cut_off):
    page = words((await cut_off.get("/privacy")).text)

    assert "encrypted where they are stored" in page
    assert "After you stop: 14 days" in page
    assert "write to Eventide, 1 Example Street" in page
