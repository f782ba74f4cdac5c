"""The catalogue to look through: each tip, whom it is kept from, and the safety rules."""

from collections.abc import Mapping

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from service.content.catalogue import Library
from service.domain.operators import May, Operator
from service.domain.risk import Cause, Tag
from service.domain.tips import Rule, RuleCase, Theme, Tip
from service.web.operator.access import Access
from service.web.operator.words import EVIDENCE, WHEN, tag_in_words

PAGE = "/operator/catalogue"
EVERYONE = "everyone"
#: In the address a cause or a theme is a number: no word of anybody's health.
CAUSES = {str(number): cause for number, cause in enumerate(Cause, 1)}
THEMES = {str(number): theme for number, theme in enumerate(Theme, 1)}
REVIEWS = {"": "reviewed or not", "no": "not reviewed yet", "yes": "reviewed"}
#: What holds for every tip would hide what sets one apart.
ALWAYS = frozenset({Tag.AGE_U18, Tag.RED_FLAG_NOW})


def routes(access: Access) -> APIRouter:
    """`/operator/catalogue`, narrowed down by its query."""
    router = APIRouter()
    library = access.site.library

    async def show(request: Request, operator: Operator) -> Response:
        chosen = {
            name: request.query_params.get(name, "")
            for name in ("cause", "theme", "review", "language")
        }
        if chosen["language"] not in library.languages:
            chosen["language"] = library.languages[0]
        tips = [tip for tip in library.catalogue.tips.values() if _fits(tip, chosen)]
        context = {
            "reviews": str(library.review_summary),
            "version": library.catalogue.version,
            "causes": [(n, _cause(cause, library)) for n, cause in CAUSES.items()],
            "themes": [(n, _theme(theme, library)) for n, theme in THEMES.items()],
            "review_states": REVIEWS.items(),
            "languages": library.languages,
            "chosen": chosen,
            "tips": [_tip(tip, library, chosen["language"]) for tip in tips],
            "all_tips": len(library.catalogue.tips),
            "dropped": library.dropped,
            "rules": [_rule(rule, library) for rule in library.catalogue.rules],
            "follows": [
                (_tags(frozenset({tag}), library)[0], tips)
                for tag, tips in library.catalogue.follows.items()
            ],
        }
        return access.page(request, operator, "catalogue.html", context)

    access.get(router, PAGE, show, may=May.SEE_FIGURES)
    return router


def _fits(tip: Tip, chosen: Mapping[str, str]) -> bool:
    return (
        CAUSES.get(chosen["cause"], tip.cause) is tip.cause
        and THEMES.get(chosen["theme"], tip.theme) is tip.theme
        and {"yes": True, "no": False}.get(chosen["review"], bool(tip.reviewed_by))
        == bool(tip.reviewed_by)
    )


def _tip(tip: Tip, library: Library, language: str) -> dict[str, object]:
    return {
        "id": tip.id,
        "theme": _theme(tip.theme, library),
        "when": WHEN[tip.when],
        "is_warning": tip.is_warning,
        "words": library.words(tip.id, language=language, country=""),
        "cause": _cause(tip.cause, library),
        "blocks": _tags(tip.blocks - ALWAYS, library),
        "requires": [_tags(group, library) for group in tip.requires],
        "instead_of": sorted(tip.instead_of),
        "evidence": EVIDENCE[tip.evidence],
        "sources": [library.source(source) for source in tip.sources],
        "reviewed_by": tip.reviewed_by,
        "reviewed_on": tip.reviewed_on,
        "expires_on": tip.expires_on,
    }


def _rule(rule: Rule, library: Library) -> dict[str, object]:
    return {
        "id": rule.id,
        "says": rule.says,
        "cases": [_case(case, library) for case in rule.cases],
    }


def _case(case: RuleCase, library: Library) -> dict[str, object]:
    never = [library.content_tags[tag] for tag in sorted(case.never)]
    never += [f"anything about {_theme(t, library)}" for t in sorted(case.never_themes)]
    never += [f"any tip for {_cause(c, library)}" for c in sorted(case.never_causes)]
    never += [f"tip {tip}" for tip in sorted(case.never_tips)]
    if case.stop:
        never = ["anything at all"]
    elif case.only is not None:
        spared = ", ".join(sorted(case.only))
        never = [
            "anything but when to get help" + (f", and {spared}" if spared else "")
        ]
    return {"when": _tags(case.when, library), "never": never, "instead": case.instead}


def _tags(tags: frozenset[Tag], library: Library) -> list[str]:
    return [tag_in_words(tag, library.questions) for tag in Tag if tag in tags]


def _cause(cause: Cause, library: Library) -> str:
    return library.causes.get(cause, EVERYONE)


def _theme(theme: Theme, library: Library) -> str:
    return library.catalogue.cadence[theme].label
