"""What a visitor asked for on a public form, as it waits for a worker."""

import json
from dataclasses import asdict, dataclass
from datetime import date

from service.domain.claim import NO_PROOF, Proof
from service.domain.records import answers_to_json, parse_answers
from service.domain.risk import Answers
from service.domain.subscriber import Evening, Frequency


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUp:
    """A valid sign-up form; `proof` is what its browser can claim the answers with.

    `turn`: the how manieth its network asks for.
    """

    address: str
    answers: Answers
    evening: Evening
    language: str
    consents: tuple[str, ...]
    proof: Proof = NO_PROOF
    turn: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnLink:
    """Somebody asked that the link to their settings be mailed to this address.

    `turn`: the how manieth their network asks for.
    """

    address: str
    turn: int = 1


Request = SignUp | OwnLink


def request_to_json(asked: Request) -> str:
    """What is sealed in a request's row."""
    data: dict[str, object] = {"address": asked.address, "turn": asked.turn}
    if isinstance(asked, SignUp):
        data["sign_up"] = {
            "answers": answers_to_json(asked.answers),
            "evening": asdict(asked.evening),
            "language": asked.language,
            "consents": asked.consents,
            "proof": asdict(asked.proof),
        }
    return json.dumps(data)


def request_from_json(text: str) -> Request:
    """The request that request_to_json wrote."""
    data = json.loads(text)
    form = data.get("sign_up")
    if form is None:
        return OwnLink(address=data["address"], turn=data["turn"])
    evening = form["evening"]
    return SignUp(
        address=data["address"],
        answers=parse_answers(form["answers"], answered_on=date.min),
        evening=Evening(**{**evening, "frequency": Frequency(evening["frequency"])}),
        language=form["language"],
        consents=tuple(form["consents"]),
        proof=Proof(**form["proof"]),
        turn=data["turn"],
    )
