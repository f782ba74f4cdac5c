"""Answers are claimed by the browser that gave them, or by its code."""

import pytest

from service.domain.claim import NO_PROOF, TRIES, Claim, Proof, claim
from tests.builders import BROWSER

COOKIE, CODE = Proof(browser=BROWSER.browser), Proof(code=BROWSER.code)
ANOTHER = Proof(browser="c" * 64, code="0000")


@pytest.mark.parametrize(
    ("shown", "tries", "told"),
    [
        (COOKIE, 0, Claim.COUNTS),
        (COOKIE, TRIES, Claim.COUNTS),
        (CODE, TRIES - 1, Claim.COUNTS),
        (CODE, TRIES, Claim.LOCKED),
        (NO_PROOF, 0, Claim.NO_CODE),
        (ANOTHER, 0, Claim.WRONG),
        (Proof(code="é"), 0, Claim.WRONG),
        (Proof(browser=ANOTHER.browser), 0, Claim.NO_CODE),
    ],
)
def test_a_cookie_or_a_code_claims_the_answers(shown, tries, told):
    assert claim(BROWSER, shown, tries=tries) is told


def test_answers_that_no_browser_gave_are_nobody_s_to_claim():
    assert claim(NO_PROOF, NO_PROOF, tries=0) is Claim.COUNTS
