"""Evenings in words, as a person says them where they live."""

from datetime import date, datetime, timedelta

from service.content.zones import time_in_words
from service.domain.night import local, night_at
from service.domain.subscriber import Evening


def in_words(at: datetime, evening: Evening, *, now: datetime) -> str:
    """The evening of an instant: "tonight, Monday 23 November, at 19:00, London time"."""
    night = local(evening.zone, at=at).date()
    today = night_at(evening.zone, now=now)
    near = {today: "tonight, ", today + timedelta(days=1): "tomorrow, "}.get(night, "")
    time = f"{evening.minute // 60:02}:{evening.minute % 60:02}"
    day = day_in_words(night, today=today)
    return f"{near}{day}, at {time}, {time_in_words(evening.zone)}"


def day_in_words(day: date | None, *, today: date) -> str:
    """A day: "Monday 23 November", with its year if that is not today's; "" for none."""
    if day is None:
        return ""
    year = "" if day.year == today.year else f" {day.year}"
    return f"{day:%A} {day.day} {day:%B}{year}"
