"""Signing in to the console and out of it, and the wall before every page."""

from tests.web.consoles import at_console


async def test_whoever_is_not_signed_in_is_asked_to_and_comes_back(site):
    ada = await at_console(site)

    asked = await ada.get("/operator/audit", before="7")
    answer = await ada.sign_in(following="/operator/audit?before=7")

    assert asked.status_code == 303
    assert (
        asked.headers["Location"]
        == "/operator/login?next=%2Foperator%2Faudit%3Fbefore%3D7"
    )
    assert answer.headers["Location"] == "/operator/audit?before=7"
