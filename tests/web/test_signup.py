"""The first page, its form, and the link in the confirmation mail."""

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest

from service.domain.outbox import Kind
from service.domain.records import confirmation_from_json
from service.domain.risk import CAUSES, CONDITIONS, DRINKING, MEDICINES, Pregnancy
from service.domain.subscriber import Person, Status
from service.domain.tokens import Purpose
from service.flows import enrol
from service.web.app import create_app
from service.web.signs import RED_FLAGS, Urgency
from tests.builders import answers, evening
from tests.web.visits import ADDRESS, FORM, browsing, form, problems, words

#: The code that claims the answers, where a page shows it.
CODE = re.compile(r'<p class="code">\d{4}</p>')


async def test_the_first_page_says_what_this_is_and_is_not(cut_off, library):
    page = await cut_off.get("/")

    said = words(page.text)
    assert page.status_code == 200
    assert "one short e-mail in the evening" in said
    assert "general information, not medical care" in said
    tips = len(library.catalogue.tips)
    unchecked = f"They have not yet been checked by a clinician (0 of {tips} so far)."
    assert unchecked in said


async def test_the_sample_reminder_is_in_the_catalogue_s_own_words(cut_off, library):
    page = await cut_off.get("/")

    for tip in ("U4", "U11", "U5", "U8"):
        said = library.words(tip, language="en", country="")
        assert said in words(page.text)


async def test_a_tip_whose_review_has_expired_leaves_the_sample(cut_off_site, library):
    tips = {name: tip for name, tip in library.catalogue.tips.items() if name != "U5"}
    catalogue = replace(library.catalogue, tips=tips)
    without = replace(library, catalogue=catalogue)
    async with browsing(create_app(replace(cut_off_site, library=without))) as client:
        page = await client.get("/")

    assert "Give a new habit about 6 weeks" not in words(page.text)


async def test_every_answer_of_the_profile_can_be_given_on_the_form(cut_off, library):
    page = (await cut_off.get("/")).text

    offered: dict[str, Iterable[str]] = {
        "causes": CAUSES,
        "conditions": CONDITIONS,
        "medicines": MEDICINES,
        "pregnancy": Pregnancy,
        "alcohol": DRINKING,
        "red_flags": RED_FLAGS.keys() - {"expecting"},
    }
    for name, values in offered.items():
        for value in values:
            assert f'name="{name}" value="{value}"' in page
    for country in library.countries:
        assert f'<option value="{country.code}">' in page


async def test_nothing_is_ticked_beforehand(cut_off):
    page = (await cut_off.get("/")).text

    assert not re.search(r"<input[^>]* checked", page)
    assert page.count(" selected") == 1
    assert 'name="browser_zone" value=""' in page
    assert '<option value="19:00" selected>' in page


async def test_a_sign_up_waits_for_confirmation_and_queues_one_mail(visitor):
    answer = await visitor.sign_up()

    (mail,) = await visitor.mails()
    pending = await visitor.pending(mail.subscriber_id)
    assert answer.status_code == 200
    assert "Check your inbox" in words(answer.text)
    assert "The link in it works for 7 days." in words(answer.text)
    assert mail.kind is Kind.CONFIRMATION
    assert confirmation_from_json(mail.payload) == (ADDRESS, False)
    assert pending.person.answers.causes == (CAUSES[0], CAUSES[1])
    assert pending.person.answers.conditions == ()
    assert pending.evening.minute == 19 * 60
    assert pending.consents == ("health", "mail", "general")
    assert await visitor.subscriber(mail.subscriber_id) is None


async def test_the_answer_is_the_same_whoever_signs_up(visitor, site):
    new = await visitor.sign_up(email="new@example.org")
    await visitor.join()
    async with site.store.transaction() as tx:
        await tx.suppression.add("gone@example.org", "complaint", now=site.clock.now())
    known = await visitor.sign_up(email=ADDRESS)
    suppressed = await visitor.sign_up(email="gone@example.org")

    pages = {
        CODE.sub("", page.text.replace(address, "new@example.org"))
        for page, address in (
            (new, "new@example.org"),
            (known, ADDRESS),
            (suppressed, "gone@example.org"),
        )
    }
    assert len(pages) == 1


async def test_a_program_that_fills_in_the_hidden_field_gets_the_same_page(visitor):
    person = await visitor.sign_up()
    await visitor.mails()
    program = await visitor.sign_up(website="https://spam.example")

    assert CODE.sub("", program.text) == CODE.sub("", person.text)
    assert len(CODE.findall(program.text)) == 1
    assert program.headers.keys() == person.headers.keys()
    assert await visitor.mails() == ()


async def test_under_eighteen_is_sent_to_a_person_and_nothing_is_kept(visitor):
    answer = await visitor.sign_up(adult="no")

    assert answer.status_code == 200
    assert "Please see a doctor, nurse or pharmacist" in words(answer.text)
    assert await visitor.mails() == ()


async def test_a_sign_that_needs_help_leads_to_the_care_page(visitor):
    first = {
        Urgency.EMERGENCY: "Call 999 now",
        Urgency.CRISIS: "Talk to someone now",
        Urgency.MATERNITY: "call your maternity unit now",
        Urgency.TODAY: "Get help today Call NHS 111 on 111",
    }
    for sign, urgency in RED_FLAGS.items():
        answer = await visitor.sign_up(red_flags=sign)

        assert answer.status_code == 200
        assert first[urgency] in words(answer.text)
        assert "We have kept none of them" in words(answer.text)
    assert await visitor.mails() == ()


async def test_a_sign_counts_even_if_the_rest_of_the_form_is_empty(cut_off):
    answer = await cut_off.post("/signup", data={"red_flags": ["none", "chest"]})

    assert "Call your local emergency number now" in words(answer.text)


async def test_an_empty_form_names_every_field_and_goes_to_the_first(cut_off):
    answer = await cut_off.post("/signup", data={})

    assert answer.status_code == 422
    assert list(problems(answer.text)) == [
        "adult", "red_flags", "causes", "conditions", "pregnancy", "medicines",
        "alcohol", "severe", "country", "time", "frequency", "stretching",
        "email", "consent_health", "consent_mail", "consent_general",
    ]  # fmt: skip
    assert 'role="alert"' in answer.text
    assert '<a href="#adult">Your age: Tell us' in answer.text
    for field in problems(answer.text):
        assert f'id="{field}"' in answer.text


async def test_one_wrong_answer_keeps_all_the_others(visitor):
    answer = await visitor.sign_up(email="ada.example.org", pregnancy="pregnant")

    page = answer.text
    assert answer.status_code == 422
    assert problems(page) == {
        "email": "Enter an e-mail address with an @, such as name@example.com."
    }
    assert "Please look at one answer again" in words(page)
    assert 'value="ada.example.org"' in page
    for field in ("causes", "medicines"):
        for value in FORM[field]:
            ticked = rf'name="{field}" value="{value}" checked'
            assert ticked in page
    assert '<option value="GB" selected>' in page
    assert 'aria-describedby="email-hint email-problem"' in page


async def test_prefer_not_to_say_is_an_answer_to_every_health_question(visitor):
    await visitor.sign_up(
        causes="prefer_not",
        conditions="prefer_not",
        pregnancy="unknown",
        medicines="prefer_not",
        alcohol="alc_unknown",
        severe="prefer_not",
        stretching="prefer_not",
    )

    (mail,) = await visitor.mails()
    answers = (await visitor.pending(mail.subscriber_id)).person.answers
    assert answers.causes == ()
    assert answers.conditions is None
    assert answers.pregnancy is Pregnancy.UNKNOWN
    assert answers.medicines is None
    assert answers.severe is None
    assert answers.stretching is None


async def test_the_end_of_a_pregnancy_counts_only_with_a_pregnancy(visitor):
    until = {"pregnant_until": "2027-02"}
    await visitor.sign_up(pregnancy="no", email="no@example.org", **until)
    await visitor.sign_up(pregnancy="pregnant", email="yes@example.org", **until)

    without, having = sorted(await visitor.mails(), key=lambda m: m.subscriber_id)
    kept = {
        mail: (await visitor.pending(mail.subscriber_id)).person.answers.pregnant_until
        for mail in (without, having)
    }
    assert kept[without] is None
    assert f"{kept[having]:%Y-%m}" == "2027-02"


async def test_a_database_that_is_away_keeps_the_answers_on_the_page(cut_off):
    answer = await cut_off.post("/signup", data=form())
    other = await cut_off.post("/manage/link", data={"email": ADDRESS})

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "60"
    assert "We could not take your answers just now" in words(answer.text)
    assert f'value="{ADDRESS}"' in answer.text
    assert other.status_code == 503
    assert "Please try again in a minute" in words(other.text)


async def test_an_older_name_of_a_zone_stays_chosen(cut_off):
    answer = await cut_off.post("/signup", data=form(zone="Asia/Calcutta", email=""))

    assert '<option value="Asia/Calcutta" selected>' in answer.text


async def test_what_was_typed_is_shown_as_words_never_as_a_page(cut_off):
    answer = await cut_off.post("/signup", data=form(email='"><script>', zone="<b>"))

    assert "<script>" not in answer.text
    assert "<b>" not in answer.text


async def test_somebody_who_reloads_the_answer_is_led_to_the_form(cut_off):
    answer = await cut_off.get("/signup")

    assert (answer.status_code, answer.headers["Location"]) == (303, "/#form")


async def test_looking_at_the_confirmation_link_changes_nothing(visitor, client):
    await visitor.sign_up()
    (mail,) = await visitor.mails()
    token = visitor.token(Purpose.CONFIRM, mail.subscriber_id)

    for method in ("GET", "HEAD", "GET"):
        answer = await client.request(method, "/confirm", params={"token": token})
        assert answer.status_code == 200
    assert await visitor.subscriber(mail.subscriber_id) is None


async def test_the_button_confirms_and_says_when_the_first_reminder_comes(
    visitor, client
):
    await visitor.sign_up()
    (mail,) = await visitor.mails()
    token = visitor.token(Purpose.CONFIRM, mail.subscriber_id)

    answer = await client.post("/confirm", data={"token": token})
    again = await client.post("/confirm", data={"token": token})

    tonight = "tonight, Monday 23 November, at 19:00, London time"
    assert f"Your first reminder comes {tonight}" in words(answer.text)
    assert tonight in words(again.text)
    found = await visitor.subscriber(mail.subscriber_id)
    assert found.status is Status.ACTIVE


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_bad_or_old_confirmation_link_says_what_to_do(
    visitor, client, clock, method
):
    await visitor.sign_up()
    (mail,) = await visitor.mails()
    token = visitor.token(Purpose.CONFIRM, mail.subscriber_id)
    clock.move(timedelta(days=8))

    for bad in (token, token[:-1], "", visitor.token(Purpose.MANAGE, 1)):
        sent = (
            {"params": {"token": bad}} if method == "GET" else {"data": {"token": bad}}
        )
        answer = await client.request(method, "/confirm", **sent)
        assert answer.status_code == 410
        assert "Sign up again" in words(answer.text)


async def test_somebody_from_a_list_reads_what_the_button_agrees_to(visitor, site):
    await enrol.invite(
        site.store,
        Person(address=ADDRESS, answers=answers()),
        evening(),
        language="en",
        mail_at=site.clock.now(),
        now=site.clock.now(),
    )
    (mail,) = await visitor.mails()
    token = site.links.token(Purpose.CONFIRM, mail.subscriber_id, now=site.clock.now())

    page = words((await visitor.client.get(f"/confirm?token={token}")).text)

    assert "By pressing it you agree to this." in page
    assert "You may use my health answers to choose tips for me" in page
    assert "You may send me reminders by e-mail." in page
    assert "this is general information, not medical care" in page
