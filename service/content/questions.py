"""The questions and their answers in the readers' words, as config/questions.toml has them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from service.content.faults import Fault
from service.content.files import Place, TomlFile
from service.content.never_say import NeverSay
from service.content.shapes import AnswerShape, QuestionShape, shaped
from service.domain.risk import (
    ASKABLE,
    CONDITIONS,
    DRINKING,
    FIRST_ASKED,
    MEDICINES,
    AddedTag,
    Pregnancy,
    Questionnaire,
    Tag,
)

#: The questions, each with the answers that there are.
ANSWERS: Mapping[str, tuple[str, ...]] = {
    "conditions": CONDITIONS,
    "pregnancy": tuple(Pregnancy),
    "medicines": MEDICINES,
    "alcohol": DRINKING,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerWords:
    """What the form and the console say for an answer.

    `alone` asks about it by itself; "" where it was there from the start.
    """

    words: str
    console: str
    alone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question of the form, its answers in the order in which they are shown."""

    words: str
    hint: str
    answers: Mapping[str, AnswerWords]


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions:
    """All of them by name, and which tags were added when."""

    by_name: Mapping[str, Question]
    questionnaire: Questionnaire

    @property
    def answers(self) -> Mapping[str, AnswerWords]:
        """The words for each answer, whichever question it is to."""
        return {
            value: words
            for question in self.by_name.values()
            for value, words in question.answers.items()
        }


def read_questions(
    file: TomlFile, never_say: NeverSay, faults: list[Fault]
) -> Questions:
    """The whole file; each thing that is wrong with it becomes a fault."""
    for name in file.data.keys() - ANSWERS.keys():
        remedy = f"use one of {', '.join(ANSWERS)}"
        place = Place(file=file, table=name)
        faults.append(place.fault(f"question '{name}' is not known", remedy))
    by_name: dict[str, Question] = {}
    added: list[AddedTag] = []
    for name in ANSWERS:
        shape = _question(file, name, faults)
        if shape is None:
            continue
        answers = dict(_answers(file, name, shape, faults))
        faults += _said(file, name, shape, answers, never_say)
        added += _added(answers)
        by_name[name] = Question(
            words=shape.question,
            hint=shape.hint,
            answers={
                value: AnswerWords(
                    words=one.words, console=one.console, alone=one.alone
                )
                for value, one in answers.items()
            },
        )
    added.sort(key=lambda one: one.since)
    return Questions(by_name=by_name, questionnaire=Questionnaire(added=tuple(added)))


def _question(file: TomlFile, name: str, faults: list[Fault]) -> QuestionShape | None:
    """A question whose answers are those of the code, no more and no less."""
    place = Place(file=file, table=name, tip=f"question {name}")
    if name not in file.data:
        remedy = f"add [{name}] with its question and answers"
        faults.append(place.fault(f"question '{name}' is missing", remedy))
        return None
    shape = shaped(QuestionShape, file.data[name], place, faults)
    if shape is None:
        return None
    for value in sorted(shape.answers.keys() - set(ANSWERS[name])):
        remedy = "add it to Tag in service/domain/risk.py, or remove it"
        faults.append(place.fault(f"answer '{value}' is not known", remedy))
    for value in [one for one in ANSWERS[name] if one not in shape.answers]:
        remedy = f"add {value} to [{name}.answers]"
        faults.append(place.fault(f"answer '{value}' has no words", remedy))
    return shape


def _added(answers: Mapping[str, AnswerShape]) -> list[AddedTag]:
    return [
        AddedTag(tag=Tag(value), since=one.since, older=one.older)
        for value, one in answers.items()
        if one.since and value in ASKABLE
    ]


def _answers(
    file: TomlFile, question: str, shape: QuestionShape, faults: list[Fault]
) -> Iterator[tuple[str, AnswerShape]]:
    for value, data in shape.answers.items():
        place = _place(file, question, value)
        answer = shaped(AnswerShape, data, place, faults)
        if answer is None:
            continue
        yield value, answer
        if bool(answer.since) is not bool(answer.alone):
            remedy = "give both for an answer that is new, neither for one of the first"
            problem = "since and alone stand together"
            faults.append(place.fault(problem, remedy, key=value))
        if answer.since and answer.since <= FIRST_ASKED:
            remedy = f"use a day after {FIRST_ASKED}, or leave it out"
            faults.append(place.fault("since is too early", remedy, key=value))
        for older in answer.older.keys() - shape.answers.keys():
            remedy = f"use one of {', '.join(shape.answers)}"
            problem = f"older names '{older}', which is no answer to this question"
            faults.append(place.fault(problem, remedy, key=value))


def _said(
    file: TomlFile,
    question: str,
    shape: QuestionShape,
    answers: Mapping[str, AnswerShape],
    never_say: NeverSay,
) -> Iterator[Fault]:
    """A fault for each phrase that nothing of ours ever says."""
    place = Place(file=file, table=question, tip=f"question {question}")
    yield from never_say.faults(shape.question, place, key="question")
    yield from never_say.faults(shape.hint, place, key="hint")
    for value, one in answers.items():
        place = _place(file, question, value)
        for text in (one.words, one.alone):
            yield from never_say.faults(text, place, key=value)


def _place(file: TomlFile, question: str, value: str) -> Place:
    return Place(file=file, table=f"{question}.answers", tip=f"answer {value}")
