"""Which clock is theirs: what the form and the settings take, ask and offer.

The table below is the promise: a country, the zone that was chosen, the zone that the
browser names (nothing without a script), and whether the person is asked first.
"""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from service.domain.tokens import Purpose
from service.flows.plan import plan
from service.web.options import options
from tests.builders import NOON, answers, evening
from tests.conftest import stop_clock
from tests.store.plain_sql import raw
from tests.web.visits import ADDRESS, FORM, problems, words

#: What the clocks of each country of the table are, by hand.
CLOCKS = {
    "AR": ("America/Argentina/Buenos_Aires",),
    "AU": (
        *("Australia/Sydney", "Australia/Brisbane", "Australia/Perth"),
        *("Australia/Adelaide", "Australia/Darwin", "Australia/Lord_Howe"),
        "Australia/Eucla",
    ),
    "BR": (
        *("America/Sao_Paulo", "America/Manaus", "America/Rio_Branco"),
        "America/Noronha",
    ),
    "CN": ("Asia/Shanghai", "Asia/Urumqi"),
    "DE": ("Europe/Berlin",),
    "ES": ("Europe/Madrid", "Atlantic/Canary"),
    "GB": ("Europe/London",),
    "ID": ("Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura"),
    "IN": ("Asia/Kolkata",),
    "IS": ("Atlantic/Reykjavik",),
    "JP": ("Asia/Tokyo",),
    "NO": ("Europe/Oslo",),
    "NP": ("Asia/Kathmandu",),
    "NZ": ("Pacific/Auckland", "Pacific/Chatham"),
    "PL": ("Europe/Warsaw",),
    "PT": ("Europe/Lisbon", "Atlantic/Azores"),
    "UA": ("Europe/Kyiv", "Europe/Simferopol"),
    "US": (
        *("America/New_York", "America/Chicago", "America/Los_Angeles"),
        *("America/Denver", "America/Phoenix", "Pacific/Honolulu"),
        *("America/Anchorage", "America/Adak"),
    ),
}
TAKEN, ASKED = "taken", "asked"
TABLE = [
    # Today's browsers at home: nothing to ask.
    ("NO", "", "Europe/Oslo", TAKEN),
    ("NO", "", "Europe/Berlin", TAKEN),
    ("DE", "", "Europe/Berlin", TAKEN),
    ("DE", "Europe/Busingen", "Europe/Berlin", TAKEN),
    ("IN", "", "Asia/Calcutta", TAKEN),
    ("IN", "", "Asia/Kolkata", TAKEN),
    ("IN", "Asia/Calcutta", "Asia/Calcutta", TAKEN),
    ("GB", "", "Europe/London", TAKEN),
    ("GB", "GB", "Europe/Belfast", TAKEN),
    ("JP", "", "Asia/Tokyo", TAKEN),
    ("JP", "Japan", "Asia/Tokyo", TAKEN),
    ("PL", "", "Poland", TAKEN),
    ("NP", "", "Asia/Katmandu", TAKEN),
    ("IS", "", "Atlantic/Reykjavik", TAKEN),
    ("IS", "", "UTC", TAKEN),
    ("AR", "", "America/Buenos_Aires", TAKEN),
    ("US", "America/New_York", "America/New_York", TAKEN),
    ("US", "America/Detroit", "US/Eastern", TAKEN),
    ("US", "US/Pacific", "America/Los_Angeles", TAKEN),
    ("AU", "Australia/Sydney", "Australia/ACT", TAKEN),
    ("UA", "Europe/Kiev", "Europe/Kyiv", TAKEN),
    ("UA", "europe/kyiv", "Europe/Kiev", TAKEN),
    ("ES", "Atlantic/Canary", "Atlantic/Canary", TAKEN),
    ("PT", "Atlantic/Madeira", "Europe/Lisbon", TAKEN),
    # Without a script the browser names none.
    ("NO", "", "", TAKEN),
    ("JP", "", "", TAKEN),
    ("DE", "Europe/Oslo", "", TAKEN),
    ("US", "America/Chicago", "", TAKEN),
    ("BR", "Brazil/East", "", TAKEN),
    ("US", "", "", ASKED),
    ("AU", "", "", ASKED),
    ("ID", "", "", ASKED),
    ("NZ", "", "", ASKED),
    ("JP", "UTC", "", ASKED),
    ("NO", "Asia/Calcutta", "", ASKED),
    ("GB", "UTC", "", ASKED),
    ("US", "Europe/London", "", ASKED),
    ("IN", "Asia/Kathmandu", "", ASKED),
    ("IS", "Europe/London", "", ASKED),
    # A browser that hides its zone, or is set to another one.
    ("JP", "", "UTC", ASKED),
    ("JP", "", "Etc/UTC", ASKED),
    ("JP", "UTC", "UTC", ASKED),
    ("JP", "Asia/Tokyo", "UTC", ASKED),
    ("JP", "", "America/New_York", ASKED),
    ("JP", "", "Etc/GMT-9", TAKEN),
    ("JP", "", "Etc/GMT-8", ASKED),
    ("JP", "", "Factory", TAKEN),
    ("JP", "", "localtime", TAKEN),
    ("JP", "", "<script>", TAKEN),
    ("NO", "", "CET", TAKEN),
    ("NO", "", "UTC", ASKED),
    ("IN", "", "UTC", ASKED),
    ("IN", "", "Asia/Karachi", ASKED),
    ("DE", "", "Africa/Lagos", TAKEN),
    ("GB", "", "UTC", TAKEN),
    ("US", "America/Chicago", "UTC", ASKED),
    ("US", "America/New_York", "America/Los_Angeles", ASKED),
    ("US", "", "America/New_York", ASKED),
    ("CN", "Asia/Urumqi", "Asia/Shanghai", ASKED),
    ("NZ", "Pacific/Chatham", "Pacific/Auckland", ASKED),
    ("BR", "America/Manaus", "America/Sao_Paulo", ASKED),
    # Without a country always.
    ("ZZ", "Europe/London", "Europe/London", ASKED),
    ("ZZ", "Asia/Tokyo", "", ASKED),
    ("ZZ", "UTC", "UTC", ASKED),
    ("ZZ", "Asia/Tokyo", "UTC", ASKED),
    ("ZZ", "", "Asia/Calcutta", ASKED),
    ("ZZ", "", "UTC", ASKED),
    ("ZZ", "", "", ASKED),
]


def clocks(page: str) -> dict[str, str]:
    """The times that can be pressed on a page, by what is sent."""
    buttons = re.findall(
        r'<button class="[^"]*clock"[^>]*name="clock" value="([^"]*)">(.*?)</button>',
        page,
        re.DOTALL,
    )
    return {value: words(shown) for value, shown in buttons}


def kept(page: str) -> list[tuple[str, str]]:
    """The answers that a page sends along."""
    return re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page)


def everything(page: str, **pressed: str) -> dict[str, object]:
    """What the browser sends when something is pressed on the page."""
    sent: dict[str, list[str]] = {}
    for name, value in kept(page):
        sent.setdefault(name, []).append(value)
    return {**sent, "zone": "", **pressed}


def is_evening(country: str, at: datetime) -> bool:
    """From 16:00 to 23:30 by a clock of the country; always where none was given."""
    walls = [at.astimezone(ZoneInfo(zone)) for zone in CLOCKS.get(country, ())]
    minutes = [wall.hour * 60 + wall.minute for wall in walls]
    return not walls or any(16 * 60 <= m < 23 * 60 + 30 for m in minutes)


async def test_a_sign_up_is_taken_at_once_or_asks_which_clock_is_theirs(visitor):
    found = []
    for number, (country, zone, browser, _) in enumerate(TABLE):
        answer = await visitor.sign_up(
            country=country,
            zone=zone,
            browser_zone=browser,
            email=f"p{number}@d{number}.example",
        )
        is_asked = "What does your clock show?" in words(answer.text)
        mails = await visitor.mails()
        assert (answer.status_code, len(mails)) == (200, 0 if is_asked else 1)
        found.append((country, zone, browser, ASKED if is_asked else TAKEN))

    assert found == TABLE


async def confirmed(visitor, number, row, *, presses) -> int:
    """Somebody of the table who signed up, pressed what was asked, and confirmed."""
    country, zone, browser, _ = row
    answer = await visitor.sign_up(
        country=country,
        zone=zone,
        browser_zone=browser,
        time=("16:00", "19:00", "22:00")[number % 3],
        email=f"p{number}@d{number}.example",
    )
    if shown := list(clocks(answer.text)):
        pressed = everything(answer.text, clock=shown[presses])
        answer = await visitor.client.post("/signup", data=pressed)
    (mail,) = await visitor.mails()
    token = visitor.token(Purpose.CONFIRM, mail.subscriber_id)
    await visitor.client.post("/confirm", data={"token": token})
    return mail.subscriber_id


async def planned(visitor, database_url):
    """The reminders of two days, planned hour by hour."""
    for hour in range(48):
        now = NOON + timedelta(hours=hour)
        await stop_clock(visitor.site.store, now)
        await plan(visitor.site.store, visitor.site.library, limit=500, now=now)
    return await raw(
        database_url,
        "SELECT subscriber_id, not_before, expires_at FROM outbox"
        " WHERE state = 'due' AND kind = 'reminder'",
    )


@pytest.mark.parametrize("presses", [0, -1])
async def test_nobody_is_mailed_at_night_but_who_pressed_that_it_is_no_night(
    visitor, database_url, presses
):
    rows = [row for row in TABLE if row != ("ZZ", "", "", ASKED)]
    people = {
        await confirmed(visitor, number, row, presses=presses): row[0]
        for number, row in enumerate(rows)
    }

    mails = await planned(visitor, database_url)

    assert len(people) == len(rows) >= 60
    assert {mail["subscriber_id"] for mail in mails} == set(people)
    for mail in mails:
        found = await visitor.subscriber(mail["subscriber_id"])
        country = people[found.id]
        if not found.evening.is_zone_confirmed:
            quarters = (mail["expires_at"] - mail["not_before"]) // timedelta(
                minutes=15
            )
            for quarter in range(quarters + 1):
                at = mail["not_before"] + timedelta(minutes=15) * quarter
                assert at >= mail["expires_at"] or is_evening(country, at), found
    asked = {row[0] for row in rows if row[3] == ASKED}
    sure = {
        people[n]
        for n in people
        if (await visitor.subscriber(n)).evening.is_zone_confirmed
    }
    assert sure == asked


async def test_the_question_shows_both_times_and_the_press_is_kept(visitor):
    asked = await visitor.sign_up(country="JP", zone="", browser_zone="UTC")

    assert clocks(asked.text) == {
        "JP:Asia/Tokyo": "About 21:00 Tokyo time",
        "JP:UTC": "About 12:00 UTC",
    }
    pressed = everything(asked.text, clock="JP:UTC")
    answer = await visitor.client.post("/signup", data=pressed)
    (mail,) = await visitor.mails()
    pending = await visitor.pending(mail.subscriber_id)
    assert "Check your inbox" in words(answer.text)
    assert (pending.evening.zone, pending.evening.is_zone_confirmed) == ("UTC", True)


async def test_the_day_is_told_where_it_is_not_the_same(visitor):
    asked = await visitor.sign_up(country="NZ", browser_zone="UTC", zone="NZ")

    assert clocks(asked.text) == {
        "NZ:NZ": "About 01:00 Tuesday, NZ time",
        "NZ:UTC": "About 12:00 Monday, UTC",
    }


async def test_no_answer_is_lost_on_the_way_over_the_question(visitor):
    said = {"conditions": ["kidney", "balance"], "frequency": "tapering"}

    asked = await visitor.sign_up(country="US", zone="", **said)
    pressed = everything(asked.text, clock="US:America/Denver")
    await visitor.client.post("/signup", data=pressed)

    (mail,) = await visitor.mails()
    pending = await visitor.pending(mail.subscriber_id)
    direct = await visitor.sign_up(
        email="direct@example.org", country="US", zone="America/Denver", **said
    )
    (other,) = await visitor.mails()
    same = await visitor.pending(other.subscriber_id)
    assert "Check your inbox" in words(direct.text)
    assert pending.person.answers == same.person.answers
    assert pending.evening.frequency == same.evening.frequency
    assert pending.evening.zone == same.evening.zone == "America/Denver"


async def test_who_finds_no_clock_of_theirs_chooses_a_city_and_is_asked_again(visitor):
    asked = await visitor.sign_up(country="JP", zone="", browser_zone="UTC")

    chosen = everything(asked.text, zone="Europe/Paris")
    again = await visitor.client.post("/signup", data=chosen)

    assert list(clocks(again.text)) == ["JP:Asia/Tokyo", "JP:Europe/Paris", "JP:UTC"]


async def test_one_can_go_back_to_all_the_answers(visitor):
    asked = await visitor.sign_up(country="US", zone="Asia/Tokyo")

    back = await visitor.client.post("/signup", data=everything(asked.text, back="yes"))

    assert back.status_code == 200
    assert '<option value="US" selected>' in back.text
    assert '<option value="Asia/Tokyo" selected>' in back.text
    assert 'name="medicines" value="med_statin" checked' in back.text
    assert f'value="{ADDRESS}"' in back.text


async def test_a_clock_that_was_pressed_for_one_country_is_none_for_another(visitor):
    answer = await visitor.sign_up(country="DE", zone="", clock="JP:UTC")

    (mail,) = await visitor.mails()
    pending = await visitor.pending(mail.subscriber_id)
    assert "Check your inbox" in words(answer.text)
    assert pending.evening.zone == "Europe/Berlin"
    assert not pending.evening.is_zone_confirmed


@pytest.mark.parametrize(
    "zone", ["localtime", "Factory", "posixrules", "EST", "CET", "Etc/GMT-3", "Etc/UTC"]
)
async def test_a_name_that_is_no_place_is_not_taken(visitor, zone):
    answer = await visitor.sign_up(zone=zone)

    assert answer.status_code == 422
    assert problems(answer.text) == {"zone": "Choose the city nearest to you."}


async def test_a_person_without_a_country_has_the_whole_list_and_is_asked(visitor):
    first = await visitor.sign_up(country="ZZ", zone="")
    second = await visitor.client.post(
        "/signup", data=everything(first.text, zone="Europe/Berlin")
    )

    assert clocks(first.text) == {}
    assert '<option value="Asia/Tokyo">Tokyo</option>' in first.text
    assert clocks(second.text) == {"ZZ:Europe/Berlin": "Yes, about 13:00 Berlin time"}


async def test_the_form_offers_each_clock_of_a_country_once_the_largest_first(cut_off):
    page = (await cut_off.get("/")).text

    def offered(country: str) -> list[tuple[str, str]]:
        (group,) = re.findall(
            rf'<optgroup [^>]*data-country="{country}">(.*?)</optgroup>',
            page,
            re.DOTALL,
        )
        return re.findall(r'<option value="([^"]*)">([^<]*)</option>', group)

    assert [zone for zone, _ in offered("US")] == list(CLOCKS["US"])
    assert [zone for zone, _ in offered("AU")] == list(CLOCKS["AU"])
    assert offered("ES") == [
        ("Europe/Madrid", "Madrid, Ceuta"),
        ("Atlantic/Canary", "Canary"),
    ]
    for country in ("JP", "DE", "IN", "AR"):
        assert f'data-country="{country}"' not in page


async def test_the_lists_of_the_form_are_right_for_the_country_that_was_chosen(library):
    lists = options(library, now=NOON)

    assert lists.offered("", "") == ()
    assert lists.offered("DE", "") == lists.offered("DE", "Europe/Berlin") == ()
    assert lists.offered("JP", "UTC") == (
        ("Japan", (("Asia/Tokyo", "Tokyo"), ("UTC", "UTC"))),
    )
    ((_, portugal),) = lists.offered("PT", "Atlantic/Madeira")
    assert [zone for zone, _ in portugal] == ["Atlantic/Madeira", "Atlantic/Azores"]
    assert lists.offered("ZZ", "Asia/Tokyo") == lists.zones
    assert lists.offered("ZZ", "Asia/Calcutta")[-1] == (
        "",
        (("Asia/Calcutta", "Calcutta"),),
    )


async def test_the_confirmation_page_says_when_and_what_that_clock_shows(
    visitor, client
):
    await visitor.sign_up(country="DE", zone="", frequency="second")
    (mail,) = await visitor.mails()

    token = visitor.token(Purpose.CONFIRM, mail.subscriber_id)
    page = words((await client.get(f"/confirm?token={token}")).text)

    assert "every second evening at 19:00, Berlin time to ada@example.org." in page
    assert "Your clock there now shows about 13:00." in page


async def lives_in_japan(visitor) -> int:
    """Somebody who joined before zones were compared: in Japan, at UTC."""
    number = await visitor.join()
    async with visitor.site.store.transaction() as tx:
        found = await tx.subscribers.get(number)
        person = replace(found.person, answers=answers(country="JP"))
        before = replace(found, person=person, evening=evening("UTC"))
        due = NOON + timedelta(hours=7)
        await tx.subscribers.save(before, next_due_at=due, now=NOON)
    return number


async def settings_of(visitor, person) -> str:
    token = visitor.token(Purpose.MANAGE, person)
    return (await visitor.client.get("/manage", params={"token": token})).text


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "UTC"])
async def test_the_settings_ask_somebody_whose_zone_is_not_their_country_s(
    visitor, zone
):
    person = await lives_in_japan(visitor)

    page = await settings_of(visitor, person)
    answer = await visitor.manage(person, "zone", clock=f"JP:{zone}")

    found = await visitor.subscriber(person)
    assert clocks(page) == {
        "JP:Asia/Tokyo": "About 21:00 Tokyo time",
        "JP:UTC": "About 12:00 UTC",
    }
    assert "Your clock is set" in words(answer.text)
    assert (found.evening.zone, found.evening.is_zone_confirmed) == (zone, True)
    assert clocks(await settings_of(visitor, person)) == {}


async def test_the_settings_keep_what_was_pressed_until_country_or_zone_change(visitor):
    person = await lives_in_japan(visitor)
    await visitor.manage(person, "zone", clock="JP:UTC")
    await visitor.opens_answers(person)
    page = (await visitor.client.get("/manage/answers")).text
    stands = dict(kept(page))["clock"]

    saved = {**FORM, "country": "JP", "clock": stands, "zone": "UTC", "time": "20:00"}
    await visitor.answers(person, "save", **saved)
    same = await visitor.subscriber(person)
    await visitor.answers(person, "save", **{**saved, "zone": "Asia/Tokyo"})
    moved = await visitor.subscriber(person)
    abroad = await visitor.answers(person, "save", **{**saved, "country": "GB"})

    assert stands == "JP:UTC"
    assert (same.evening.zone, same.evening.is_zone_confirmed) == ("UTC", True)
    assert (moved.evening.zone, moved.evening.is_zone_confirmed) == (
        "Asia/Tokyo",
        False,
    )
    assert "What does your clock show?" in words(abroad.text)


async def test_new_settings_are_asked_about_as_a_sign_up_is_and_nothing_is_lost(
    visitor,
):
    person = await visitor.join()
    sent = {**FORM, "country": "JP", "zone": "", "browser_zone": "UTC", "time": "21:00"}

    asked = await visitor.answers(person, "save", **sent)
    before = await visitor.subscriber(person)
    back = await visitor.client.post(
        "/manage/answers", data=everything(asked.text, back="yes")
    )
    pressed = everything(asked.text, clock="JP:Asia/Tokyo")
    answer = await visitor.client.post("/manage/answers", data=pressed)

    after = await visitor.subscriber(person)
    assert before.evening.zone == "Europe/London"
    assert '<option value="21:00" selected>' in back.text
    assert '<option value="JP" selected>' in back.text
    assert "at 21:00, Tokyo time" in words(answer.text)
    assert (after.evening.zone, after.person.answers.country) == ("Asia/Tokyo", "JP")


async def test_a_press_that_names_no_clock_shows_the_settings_again(visitor):
    person = await lives_in_japan(visitor)

    answer = await visitor.manage(person, "zone", clock="JP:localtime")

    assert len(clocks(answer.text)) == 2
    assert (await visitor.subscriber(person)).evening.zone == "UTC"


async def test_looking_at_the_settings_changes_nothing(visitor):
    person = await lives_in_japan(visitor)
    before = await visitor.subscriber(person)

    await settings_of(visitor, person)

    assert await visitor.subscriber(person) == before
