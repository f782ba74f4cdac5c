"""Pages for everyone: when to get help, what the tips lean on, what is kept."""

from tests.web.visits import words


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


async def test_a_number_can_be_pressed_on_a_phone(cut_off):
    page = await cut_off.get("/care", params={"country": "GB"})

    assert '<a class="tel" href="tel:116123">116 123</a>' in page.text


async def test_the_sources_page_lists_every_source_and_says_who_checked(
    cut_off, library
):
    page = (await cut_off.get("/sources")).text

    for name in library.sources_by_id:
        assert f'<li id="{name}">' in page
    assert "0 of 130 tips reviewed by a clinician." in words(page)


async def test_the_privacy_page_says_what_is_kept_and_for_how_long(cut_off):
    page = words((await cut_off.get("/privacy")).text)

    assert "encrypted where they are stored" in page
    assert "After you stop: 14 days" in page
    assert "write to Eventide, 1 Example Street" in page
