"""Tonight's tips: which themes are open, who has rested, and who is drawn.

The same person, history, night and catalogue give the same mail bit for bit.
"""

from dataclasses import replace
from datetime import date

from service.domain.risk import Answers, Cause, RiskProfile, Tag, assess, joined
from service.domain.safety import Allowed, allow
from service.domain.score import draw, explore, score, softmax
from service.domain.tips import Catalogue, RuleDriven, Theme, Tip
from service.domain.tonight import (
    Choice,
    Ground,
    History,
    Reason,
    Role,
    Told,
    Tonight,
)

WEEK = 7
#: The tip that stands in every mail, in its fixed place (evidence.md D.2).
SEEK_CARE = "U8"
#: Nights, or mails, since something that was never said.
NEVER = 10**6


def tonight_for(  # what is known of a person, and the night
    answers: Answers,
    catalogue: Catalogue,
    history: History,
    *,
    doubted: tuple[Answers, ...] = (),
    seed: str,
    night: date,
) -> Tonight:
    """The whole way from answers to tonight's tips: risk profile, gate, choice.

    `doubted` are other answers of which it is not known whether they are theirs: the
    tips suit somebody of whom all of them are true.
    """
    profile, *others = [
        assess(said, catalogue.questionnaire, night=night)
        for said in (answers, *doubted)
    ]
    profile = joined(profile, others)
    allowed = allow(profile, catalogue)
    tonight = choose(profile, allowed, catalogue, history, seed=seed, night=night)
    if tonight.ask_answers:
        return tonight
    unasked = catalogue.questionnaire.unasked(answers)
    return replace(tonight, asks=next(iter(unasked), None))


def choose(
    profile: RiskProfile,
    allowed: Allowed,
    catalogue: Catalogue,
    history: History,
    *,
    seed: str,
    night: date,
) -> Tonight:
    """Tonight's tips for one person, in the order in which the mail shows them.

    The same arguments always give the same result; `seed` names the person.
    """
    desk = _Desk(profile, allowed, catalogue, history, seed, night)
    opening, signs = desk.rule_driven()
    drawn = desk.draw_all(opening)
    care = desk.care(signs, taken={choice.tip for choice in (*opening, *drawn)})
    stale = {Tag.PROFILE_STALE, Tag.PREGNANCY_OVER} & profile.present
    return Tonight(
        night=night,
        choices=(*opening, *drawn, *care),
        rules=allowed.rules,
        ask_answers=bool(stale),
    )


class _Desk:
    """One person's choice on one night, with what history says laid out once."""

    def __init__(
        self,
        profile: RiskProfile,
        allowed: Allowed,
        catalogue: Catalogue,
        history: History,
        seed: str,
        night: date,
    ) -> None:
        past = [told for told in history if told.night < night]
        self.profile, self.catalogue, self.night = profile, catalogue, night
        self.allowed = {tip.id: tip for tip in allowed.tips}
        self.brought = allowed.brought
        self.seed = f"{catalogue.version}|{seed}|{night.isoformat()}"
        driven = {rule.tip for rule in catalogue.rule_driven}
        self.drawable = [
            tip
            for tip in allowed.tips
            if not catalogue.cadence[tip.theme].fixed and tip.id not in driven
        ]
        self.lead_rest = min(28, max(1, len(self.drawable) // 2))
        self.other_rest = min(10, len(self.drawable) // 3)
        #: Nights since each tip was drawn or shown at all, and mails since it was shown.
        self.said: dict[str, int] = {}
        self.shown: dict[str, int] = {}
        self.mails: dict[str, int] = {}
        self.extras: set[str] = set()
        self._look_back(past)
        self.theme_rests = self._theme_rests()

    def _look_back(self, past: list[Told]) -> None:
        for mails, told in zip(range(len(past), 0, -1), past, strict=True):
            nights = (self.night - told.night).days
            for tip in told.tips:
                self.shown[tip.id], self.mails[tip.id] = nights, mails
                if tip.role is Role.FIXED:
                    continue
                self.said[tip.id] = nights
                if tip.role is not Role.LEAD and nights <= self.lead_rest:
                    self.extras.add(tip.id)

    def _theme_rests(self) -> dict[Theme, int]:
        """Nights since each theme last came up."""
        tips = self.catalogue.tips
        rests: dict[Theme, int] = {}
        # A tip may have been dropped from the catalogue since it was said.
        for tip in self.shown.keys() & tips.keys():
            theme, nights = tips[tip].theme, self.shown[tip]
            rests[theme] = min(nights, rests.get(theme, nights))
        return rests

    def rule_driven(self) -> tuple[list[Choice], list[Choice]]:
        """What comes by rule tonight: before the draw, and in the fixed place."""
        due = [rule for rule in self._driven() if self._is_due(rule)]
        due.sort(key=lambda rule: not rule.first)
        opening: list[Choice] = []
        signs: list[Choice] = []
        for rule in due:
            tip = self.allowed[rule.tip]
            reason = Reason(ground=Ground.RULE_DRIVEN, subject=rule.tip)
            is_sign = tip.theme is Theme.CARE and not rule.first
            place = signs if is_sign else opening
            place.append(self._choice(tip, Role.FIXED, reason))
        return opening, signs

    def draw_all(self, opening: list[Choice]) -> list[Choice]:
        """The lead and up to two more, each from a theme not yet used tonight."""
        used = {c.theme for c in opening}
        drawn: list[Choice] = []
        for role in (Role.LEAD, Role.SECOND, Role.THIRD):
            pool = (
                self._leads(used, opening) if role is Role.LEAD else self._others(used)
            )
            if not pool:
                break
            drawn.append(self._draw(pool, role))
            used.add(drawn[-1].theme)
            if role is not Role.LEAD:
                self.extras.add(drawn[-1].tip)
        return drawn

    def care(self, driven: list[Choice], *, taken: set[str]) -> list[Choice]:
        """The fixed place: a warning sign, those that come by rule, and U8 every time.

        Of the signs that may be shown tonight, the one that was not shown for the most
        mails: somebody to whom n of them apply has seen each of them after n mails.
        """
        signs = [tip for tip in self._signs() if tip.id not in taken]
        signs.sort(key=lambda tip: -self.mails.get(tip.id, NEVER))
        shown = [self._choice(tip, Role.FIXED, self._reason(tip)) for tip in signs[:1]]
        shown += driven
        always = self.allowed.get(SEEK_CARE)
        if always is not None and always.id not in taken:
            shown.append(self._choice(always, Role.FIXED, self._reason(always)))
        return shown

    def _signs(self) -> list[Tip]:
        """The warning signs that may be shown tonight, but for U8 and those by rule."""
        by_rule = {SEEK_CARE, *(rule.tip for rule in self._driven())}
        return [
            tip
            for tip in self.allowed.values()
            if tip.theme is Theme.CARE
            and tip.id not in by_rule
            and self.mails.get(tip.id, NEVER) >= tip.every
        ]

    def _driven(self) -> list[RuleDriven]:
        """The rules that bring this person a tip on some nights."""
        return [
            rule
            for rule in self.catalogue.rule_driven
            if rule.tip in self.allowed and rule.when & self.profile.present
        ]

    def _is_due(self, rule: RuleDriven) -> bool:
        return (
            self.shown.get(rule.tip, NEVER) >= rule.every
            and self.mails.get(rule.tip, NEVER) >= rule.mails
        )

    def _leads(self, used: set[Theme], opening: list[Choice]) -> list[Tip]:
        """Who may lead: first their own causes, then everyone's, then a warning sign.

        Nobody leads again before their rest is over; where nothing has rested, a
        care tip leads, for it may be said at any time.
        """
        rested = [
            tip
            for tip in self.drawable
            if self.said.get(tip.id, NEVER) > self.lead_rest
            and tip.theme not in used
            and self._suits_tonight(tip.theme)
            and (tip.theme is not Theme.MEDICATION or self._is_open(tip.theme))
        ]
        is_open = [tip for tip in rested if self._is_open(tip.theme)]
        own_care = not any(self._is_own(tip) for tip in self.drawable)
        for pool in (
            [tip for tip in is_open if self._is_own(tip)],
            self._own_signs() if own_care else [],
            is_open,
            rested,
            self._signs() or self._everyones_signs(opening),
        ):
            if pool:
                return pool
        return []

    def _own_signs(self) -> list[Tip]:
        return [
            tip
            for tip in self._signs()
            if self._is_own(tip) and self.said.get(tip.id, NEVER) > self.lead_rest
        ]

    def _everyones_signs(self, opening: list[Choice]) -> list[Tip]:
        taken = {choice.tip for choice in opening}
        return [
            tip
            for tip in self.allowed.values()
            if tip.theme is Theme.CARE
            and tip.cause is Cause.UNIVERSAL
            and tip.id not in taken
        ]

    def _others(self, used: set[Theme]) -> list[Tip]:
        """Who may come second and third, so that a rested lead is always left.

        At most `spare` different tips serve in these places within a lead's rest:
        the others outnumber the nights of that rest, so one of them has rested; once
        a week a tip about medicines may lead in its stead.
        """
        free = [tip for tip in self.drawable if self._comes_any_evening(tip.theme)]
        spare = len(free) - self.lead_rest - 1 + self.lead_rest // WEEK
        serving = self.extras & {tip.id for tip in free}
        return [
            tip
            for tip in self.drawable
            if tip.theme not in used
            and self._is_open(tip.theme)
            and self.said.get(tip.id, NEVER) > self.other_rest
            and (
                not self._comes_any_evening(tip.theme)
                or tip.id in serving
                or len(serving) < spare
            )
        ]

    def _is_open(self, theme: Theme) -> bool:
        rest = self.theme_rests.get(theme)
        has_rested = rest is None or rest > self.catalogue.cadence[theme].gap
        return has_rested and self._suits_tonight(theme)

    def _suits_tonight(self, theme: Theme) -> bool:
        weekdays = self.catalogue.cadence[theme].weekdays
        return not weekdays or self.night.weekday() in weekdays

    def _comes_any_evening(self, theme: Theme) -> bool:
        return (
            theme is not Theme.MEDICATION and not self.catalogue.cadence[theme].weekdays
        )

    def _is_own(self, tip: Tip) -> bool:
        return tip.cause in (self.profile.causes or (Cause.UNIVERSAL,))

    def _draw(self, pool: list[Tip], role: Role) -> Choice:
        weights = softmax([self._score(tip) for tip in pool])
        shares = explore(weights, [tip.theme for tip in pool])
        total = sum(shares)
        ticket = draw(f"{self.seed}|{role}", total)
        index = 0
        while ticket >= shares[index]:
            ticket -= shares[index]
            index += 1
        tip = pool[index]
        return self._choice(tip, role, self._reason(tip), shares[index] / total)

    def _score(self, tip: Tip) -> int:
        return score(
            tip,
            is_match=self._is_own(tip),
            tip_rest=self.said.get(tip.id),
            theme_rest=self.theme_rests.get(tip.theme),
        )

    def _reason(self, tip: Tip) -> Reason:
        if tip.cause in self.profile.causes:
            return Reason(ground=Ground.TICKED, subject=tip.cause)
        if tip.id in self.brought:
            return self.brought[tip.id]
        return Reason(ground=Ground.EVERYONE, subject=tip.cause)

    @staticmethod
    def _choice(
        tip: Tip, role: Role, reason: Reason, propensity: float = 1.0
    ) -> Choice:
        return Choice(
            tip=tip.id,
            role=role,
            theme=tip.theme,
            cause=tip.cause,
            reason=reason,
            propensity=propensity,
        )
