"""Whose the answers are, in Chromium on a phone without JavaScript.

Each person has a browser of their own. However a sign-up is confirmed, reminders come;
no page shows an answer to anybody but who gave it; and no way is longer than it must be.
"""

from itertools import count

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, ViewportSize, expect

from service.domain.claim import TRIES
from service.domain.tokens import Purpose
from tests.builders import NOON
from tests.domain.test_tokens import signed
from tests.e2e.phones import CONFIRMATION, NONE, OWN, Mailbox, Phone, way

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PHONE: ViewportSize = {"width": 360, "height": 740}
NUMBERS = count()
ON_ONE_LINE = "e => e.scrollHeight < 2 * parseFloat(getComputedStyle(e).fontSize)"
#: What a reminder says of itself where answers count, and where none do.
FITTED, FOR_ALL = "picked for you from what you told us", "with what suits everyone"
#: The way of the release before this one, counted with the same form: 14 answers and an
#: address, "Sign up", the button of the mail and "Yes, send me reminders"; the pages of
#: the form, of what to do next, of the confirmation and of the welcome.
TAPS_BEFORE, PAGES_BEFORE = 18, 4
#: Another field, for the code.
BY_CODE = (TAPS_BEFORE + 1, PAGES_BEFORE)
#: The field twice, and the button and page of another try.
BY_SECOND_CODE = (TAPS_BEFORE + 3, PAGES_BEFORE + 1)
#: The button of a reminder and that of its page; that page and the one behind it.
LATER = (TAPS_BEFORE + 2, PAGES_BEFORE + 2)
#: The same and the field.
LATER_BY_CODE = (TAPS_BEFORE + 3, PAGES_BEFORE + 2)


@pytest_asyncio.fixture(loop_scope="session")
async def phone(demo, browser: Browser):
    """A new browser each time, every other one in the dark."""
    contexts: list[BrowserContext] = []

    async def another(*, gave_answers=False, has_script=False, kind=browser) -> Phone:
        context = await kind.new_context(
            viewport=PHONE,
            java_script_enabled=has_script,
            timezone_id="Europe/Berlin",
            color_scheme="dark" if len(contexts) % 2 else "light",
        )
        contexts.append(context)
        return Phone(
            page=await context.new_page(),
            base=demo,
            gave_answers=gave_answers,
            has_script=has_script,
        )

    yield another
    for context in contexts:
        await context.close()


@pytest.fixture
def mailbox(mails) -> Mailbox:
    return Mailbox(client=mails, address=f"whose{next(NUMBERS)}@example.org")


@pytest_asyncio.fixture(loop_scope="session")
async def ada(phone) -> Phone:
    """The phone on which the answers are given."""
    return await phone(gave_answers=True)


@pytest_asyncio.fixture(loop_scope="session")
async def other(phone) -> Phone:
    """Another one: Ada's mail app, or somebody else's."""
    return await phone()


async def joined(ada: Phone, mailbox: Mailbox) -> None:
    """Ada signs up and confirms on the same phone."""
    await ada.signs_up(mailbox.address, OWN)
    await ada.follows(await mailbox.newest(CONFIRMATION), "/confirm")
    await ada.presses("Yes, send me reminders")


async def test_in_the_first_browser_it_is_not_one_tap_more_than_before(ada, mailbox):
    await ada.signs_up(mailbox.address, OWN)
    await ada.follows(await mailbox.newest(CONFIRMATION), "/confirm")
    await expect(ada.page.locator("#code")).to_have_count(0)
    await ada.unfolds_its_answers()

    await ada.presses("Yes, send me reminders")

    await ada.reads("You are in")
    assert way([ada]) == (TAPS_BEFORE, PAGES_BEFORE)
    assert FITTED in (await mailbox.next_reminder()).words


async def test_on_another_device_the_code_is_one_more_field(ada, other, mailbox):
    code = await ada.signs_up(mailbox.address, OWN)
    await other.follows(await mailbox.newest(CONFIRMATION), "/confirm")

    await other.types("#code", code)
    await other.presses("Yes, send me reminders")

    await other.reads("You are in")
    await other.does_not_read("Your answers wait")
    assert way([ada, other]) == BY_CODE
    assert FITTED in (await mailbox.next_reminder()).words


async def test_after_a_wrong_code_the_right_one_adds_the_answers(ada, other, mailbox):
    code = await ada.signs_up(mailbox.address, OWN)
    await other.follows(await mailbox.newest(CONFIRMATION), "/confirm")

    await other.types("#code", f"{(int(code) + 1) % 10_000:04}")
    await other.presses("Yes, send me reminders")
    await other.reads("That was not the code")
    await other.reads("You can try 4 more times.")
    await other.types("#code", code)
    await other.presses("Add my answers")

    await other.reads("Your answers count")
    assert way([ada, other]) == BY_SECOND_CODE
    assert FITTED in (await mailbox.next_reminder()).words


async def test_without_a_code_reminders_come_and_the_first_browser_adds_the_answers(
    ada, other, mailbox
):
    await ada.signs_up(mailbox.address, OWN)
    await other.follows(await mailbox.newest(CONFIRMATION), "/confirm")
    await other.presses("Yes, send me reminders")
    await other.reads("Your answers wait")
    reminder = await mailbox.next_reminder()
    assert FOR_ALL in reminder.words
    assert FITTED not in reminder.words

    await ada.follows(reminder, "/confirm")
    await ada.unfolds_its_answers()
    await ada.presses("Add my answers")

    await ada.reads("Your answers count")
    assert way([ada, other]) == LATER
    assert FITTED in (await mailbox.next_reminder()).words


async def test_a_code_that_is_found_later_adds_the_answers_too(ada, other, mailbox):
    code = await ada.signs_up(mailbox.address, OWN)
    await other.follows(await mailbox.newest(CONFIRMATION), "/confirm")
    await other.presses("Yes, send me reminders")

    await other.follows(await mailbox.next_reminder(), "/confirm")
    await other.types("#code", code)
    await other.presses("Add my answers")

    await other.reads("Your answers count")
    assert way([ada, other]) == LATER_BY_CODE
    assert FITTED in (await mailbox.next_reminder()).words


async def test_whoever_has_a_mistyped_address_reads_nothing_and_deletes_it(
    ada, other, mailbox
):
    await ada.signs_up(mailbox.address, OWN)
    mail = await mailbox.newest(CONFIRMATION)
    await other.follows(mail, "/confirm")

    await other.presses("This was not me: delete it now")

    await other.reads("are gone")
    await other.follows(mail, "/confirm")
    await other.reads("This link does not work any more")


async def test_the_owner_of_a_mistyped_address_who_confirms_sees_no_answer(
    ada, other, mailbox
):
    await ada.signs_up(mailbox.address, OWN)
    await other.follows(await mailbox.newest(CONFIRMATION), "/confirm")
    await other.presses("Yes, send me reminders")

    await other.opens_answers(mailbox)

    await other.reads("it shows none")
    reminder = await mailbox.next_reminder()
    assert FOR_ALL in reminder.words
    await other.follows(reminder, "/manage")
    await other.follows(reminder, "/confirm")


async def test_a_stranger_s_second_sign_up_waits_beside_the_first(ada, phone, mailbox):
    await ada.signs_up(mailbox.address, OWN)
    await mailbox.newest(CONFIRMATION)
    stranger = await phone()
    await stranger.signs_up(mailbox.address, NONE)
    newer = await mailbox.newest(CONFIRMATION, of=2)

    assert "THERE IS ANOTHER SIGN-UP FOR THIS ADDRESS" in newer.words
    await ada.follows(newer, "/confirm")
    await ada.unfolds_its_answers()
    await ada.presses("Yes, send me reminders")

    await ada.reads("You are in")
    assert FITTED in (await mailbox.next_reminder()).words
    await ada.opens_answers(mailbox)
    for name, value in OWN.items():
        await expect(ada.page.locator(f"[name={name}][value={value}]")).to_be_checked()


async def test_what_a_stranger_typed_for_a_subscriber_changes_no_answer(
    ada, other, phone, mailbox
):
    await joined(ada, mailbox)
    stranger = await phone()
    await stranger.signs_up(mailbox.address, NONE)
    await other.follows(await mailbox.newest(CONFIRMATION, of=2), "/confirm")

    # Pressed without a thought: what was typed there waits, and is believed by nobody.
    await other.presses("Yes, send me reminders")
    await other.reads("Your answers wait")
    unsure = await mailbox.next_reminder()
    assert FOR_ALL in unsure.words
    await other.follows(unsure, "/confirm")
    await other.presses("This was not me: delete it now")
    await other.reads("they go on without its answers")

    assert FITTED in (await mailbox.next_reminder()).words
    await ada.opens_answers(mailbox)
    for name, value in OWN.items():
        await expect(ada.page.locator(f"[name={name}][value={value}]")).to_be_checked()


async def test_whoever_is_passed_a_reminder_opens_and_changes_no_answer(
    ada, other, mailbox
):
    await joined(ada, mailbox)
    reminder = await mailbox.next_reminder()

    await other.follows(reminder, "/manage")
    await other.does_not_read(mailbox.address)
    await other.presses("Send me a link to my answers")
    await other.does_not_read(mailbox.address)
    await other.goes_to(f"{other.base}/manage/answers")
    await other.reads("Your answers open for an hour at a time")
    await other.follows(reminder, "/unsubscribe")

    # The link went to Ada, who opens it and finds her answers as they were.
    await ada.follows(await mailbox.newest("Your link"), "/manage/open")
    await ada.presses("Open my answers")
    for name, value in OWN.items():
        await expect(ada.page.locator(f"[name={name}][value={value}]")).to_be_checked()
    assert FITTED in (await mailbox.next_reminder()).words


async def test_a_change_is_told_and_undone_on_any_device(ada, other, mailbox):
    await joined(ada, mailbox)
    await ada.opens_answers(mailbox)
    await ada.ticks("[name=alcohol][value=alc_none]")
    await ada.ticks("[name=red_flags][value=none]")
    await ada.presses("Save my answers")
    told = await mailbox.newest("Your answers were changed")

    await other.follows(told, "/manage/undo")
    await other.presses("Undo the change")

    await other.reads("Your answers are as they were before.")
    await ada.goes_to(f"{ada.base}/manage/answers")
    await ada.reads("Your answers open for an hour at a time")
    await ada.follows(await mailbox.newest("Your link", of=2), "/manage/open")
    await ada.presses("Open my answers")
    for name, value in OWN.items():
        await expect(ada.page.locator(f"[name={name}][value={value}]")).to_be_checked()
    assert FITTED in (await mailbox.next_reminder()).words


async def test_links_of_the_release_before_unsubscribe_and_ask_for_a_fresh_link(
    ada, other, phone, mailbox, links
):
    await joined(ada, mailbox)
    token = (await mailbox.next_reminder()).link("/manage").partition("=")[2]
    of_now = links.opened(Purpose.MANAGE, token, now=NOON)
    made = {"key": links.keys[0], "minutes": int(of_now.issued_at.timestamp()) // 60}
    manage = signed(Purpose.MANAGE, of_now.subject, **made)
    leave = signed(Purpose.UNSUBSCRIBE, of_now.subject, **made)

    await other.goes_to(f"{other.base}/manage?token={manage}")
    await expect(other.page.locator("main button")).to_have_text(
        ["Send me a fresh link"]
    )
    await expect(other.page.locator("main a")).to_have_count(0)
    await (await phone(has_script=True)).goes_to(other.page.url)
    await other.presses("Send me a fresh link")
    await other.does_not_read(mailbox.address)
    await ada.follows(await mailbox.newest("Your link"), "/manage/open")
    await ada.presses("Open my answers")

    await other.goes_to(f"{other.base}/unsubscribe?token={leave}")
    await other.presses("Stop all mails")
    await other.reads("You will get no more mails")
    moved = await mailbox.client.post("/inbox/next-evening")
    assert moved.headers["Location"] == "/inbox?moved=no"


async def test_the_pages_on_another_device_can_be_used_by_everybody(
    ada, phone, mailbox
):
    code = await ada.signs_up(mailbox.address, OWN)
    mail = await mailbox.newest(CONFIRMATION)
    in_the_dark, in_the_light = [await phone(has_script=True) for _ in range(2)]

    for one in (in_the_dark, in_the_light):
        await one.follows(mail, "/confirm")
    await in_the_light.presses("Yes, send me reminders")
    await in_the_light.reads("Your answers wait")
    await in_the_dark.follows(mail, "/confirm")
    for _ in range(TRIES):
        await in_the_dark.types("#code", f"{(int(code) + 1) % 10_000:04}")
        await in_the_dark.presses("Add my answers")
    await in_the_dark.reads("A wrong code was typed 5 times")
    for one in (in_the_dark, in_the_light):
        await one.follows(mail, "/confirm")
        await one.reads("A wrong code was typed 5 times")
    await in_the_light.presses("This was not me: delete it now")
    await in_the_light.reads("are gone")


async def test_with_letters_twice_as_large_every_page_fits_a_phone(
    phone, large_print, mailbox
):
    ada = await phone(gave_answers=True, kind=large_print)
    other = await phone(kind=large_print)
    code = await ada.signs_up(mailbox.address, OWN)
    # Read as one number, not as two.
    assert await ada.page.locator("p.code").evaluate(ON_ONE_LINE)

    await other.follows(await mailbox.newest(CONFIRMATION), "/confirm")
    await other.types("#code", f"{(int(code) + 1) % 10_000:04}")
    await other.presses("Yes, send me reminders")
    await other.follows(await mailbox.next_reminder(), "/confirm")
    await other.goes_to(f"{other.base}/manage/answers")
    await ada.opens_answers(mailbox)
    await ada.page.get_by_role("link", name="Change time and days").click()
    await ada.presses("Pause my reminders")
