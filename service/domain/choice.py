"""Tonight's tips: which themes are open, who has rested, and who is drawn.

The same person, history, night and catalogue give the same mail bit for bit.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from service.domain.risk import Answers, Cause, RiskProfile, Tag, assess
from service.domain.safety import Allowed, allow
from service.domain.score import draw, explore, score, softmax
from service.domain.tips import Catalogue, Theme, Tip
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
#: Nights since something that was never said.
NEVER = 10**6


def tonight_for(
    answers: Answers, catalogue: Catalogue, history: History, *, seed: str, night: date
) -> Tonight:
    """The whole way from answers to tonight's tips: risk profile, gate, choice."""
    profile = assess(answers, catalogue.questionnaire, night=night)
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
    driven = desk.rule_driven()
    drawn = desk.draw_all(driven)
    care = desk.care(taken={choice.tip for choice in (*driven, *drawn)})
    stale = {Tag.PROFILE_STALE, Tag.PREGNANCY_OVER} & profile.present
    return Tonight(
        night=night,
        choices=(*driven, *drawn, *care),
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
        self.reasons = allowed.replaced_by
        self.seed = f"{catalogue.version}|{seed}|{night.isoformat()}"
        self.lead_rest = min(28, len(self.allowed) // 2)
        self.other_rest = min(10, len(self.allowed) // 3)
        self.said = self._last(past, {Role.LEAD, Role.SECOND, Role.THIRD})
        self.led = self._last(past, {Role.LEAD})
        self.shown = self._last(past, set(Role))
        self.theme_rests = self._theme_rests()
        self.extras = {
            tip.id
            for told in past
            if (night - told.night).days <= self.lead_rest
            for tip in told.tips
            if tip.role in (Role.SECOND, Role.THIRD)
        }
        driven = {rule.tip for rule in catalogue.rule_driven}
        self.drawable = [
            tip
            for tip in self.allowed.values()
            if not catalogue.cadence[tip.theme].fixed and tip.id not in driven
        ]

    def _last(self, past: Iterable[Told], roles: set[Role]) -> dict[str, int]:
        """Nights since each tip was last said in one of these roles."""
        return {
            tip.id: (self.night - told.night).days
            for told in past
            for tip in told.tips
            if tip.role in roles
        }

    def _theme_rests(self) -> dict[Theme, int]:
        """Nights since each theme last came up."""
        tips = self.catalogue.tips
        rests: dict[Theme, int] = {}
        # A tip may have been dropped from the catalogue since it was said.
        for tip in self.shown.keys() & tips.keys():
            theme, nights = tips[tip].theme, self.shown[tip]
            rests[theme] = min(nights, rests.get(theme, nights))
        return rests

    def rule_driven(self) -> list[Choice]:
        """Tips that come by rule tonight, those that open the mail first."""
        due = [
            rule
            for rule in self.catalogue.rule_driven
            if rule.tip in self.allowed
            and rule.when & self.profile.present
            and self.shown.get(rule.tip, rule.every) >= rule.every
        ]
        due.sort(key=lambda rule: not rule.first)
        return [
            self._choice(
                self.allowed[rule.tip],
                Role.FIXED,
                Reason(ground=Ground.RULE_DRIVEN, subject=rule.tip),
            )
            for rule in due
        ]

    def draw_all(self, driven: list[Choice]) -> list[Choice]:
        """The lead and up to two more, each from a theme not yet used tonight."""
        used = {c.theme for c in driven}
        drawn: list[Choice] = []
        for role in (Role.LEAD, Role.SECOND, Role.THIRD):
            pool = (
                self._leads(used, driven) if role is Role.LEAD else self._others(used)
            )
            if not pool:
                break
            drawn.append(self._draw(pool, role))
            used.add(drawn[-1].theme)
            if role is not Role.LEAD:
                self.extras.add(drawn[-1].tip)
        return drawn

    def care(self, *, taken: set[str]) -> list[Choice]:
        """The fixed place: U8 in every mail, and one warning sign of their causes."""
        signs = [
            tip
            for tip in self.allowed.values()
            if tip.theme is Theme.CARE
            and tip.cause is not Cause.UNIVERSAL
            and tip.id not in taken
        ]
        shown = [signs[self.night.toordinal() % len(signs)]] if signs else []
        always = self.allowed.get(SEEK_CARE)
        if always is not None and always.id not in taken:
            shown.append(always)
        return [self._choice(tip, Role.FIXED, self._reason(tip)) for tip in shown]

    def _leads(self, used: set[Theme], driven: list[Choice]) -> list[Tip]:
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
            self._care_leads(driven, own=True) if own_care else [],
            is_open,
            rested,
            self._care_leads(driven, own=False),
        ):
            if pool:
                return pool
        return []

    def _care_leads(self, driven: list[Choice], *, own: bool) -> list[Tip]:
        taken = {choice.tip for choice in driven}
        return [
            tip
            for tip in self.allowed.values()
            if tip.theme is Theme.CARE
            and tip.id not in taken
            and self.led.get(tip.id, NEVER) > (self.lead_rest if own else 0)
            and (not own or self._is_own(tip))
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
        if tip.id in self.reasons:
            return Reason(ground=Ground.RULE, subject=self.reasons[tip.id])
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
