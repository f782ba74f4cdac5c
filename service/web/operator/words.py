"""What the console calls things: states, reasons and tags in an operator's words."""

from collections.abc import Iterable, Mapping

from service.content.questions import Questions
from service.domain.fence import Fence
from service.domain.outbox import OTHER_CLOCK, Kind, State
from service.domain.refusals import Meaning, Verdict
from service.domain.risk import Tag
from service.domain.subscriber import Frequency, Status
from service.domain.tips import Evidence, When
from service.domain.tonight import Role
from service.store.refusals import Ends
from service.store.suppression import Reason

STATES: Mapping[State, str] = {
    State.DUE: "waiting",
    State.CLAIMED: "in a worker's hands",
    State.SENDING: "on the wire",
    State.SENT: "sent",
    State.FAILED: "refused for good",
    State.UNKNOWN: "perhaps sent",
    State.EXPIRED: "too late",
    State.SUPPRESSED: "held back",
}
KINDS: Mapping[Kind, str] = {
    Kind.REMINDER: "reminder",
    Kind.CONFIRMATION: "confirmation",
    Kind.MANAGE_LINK: "link to the settings",
    Kind.ANSWERED: "note of an answer",
    Kind.ZONE_QUESTION: "question which clock is theirs",
}
#: Why a message stands where it stands. What is not here is shown as it is stored.
REASONS: Mapping[str, str] = {
    Meaning.LATER: "the mailbox provider asked to try later",
    Meaning.SLOWER: "the mailbox provider asked us to go slower",
    Meaning.RELAY_BUSY: "the relay was busy",
    Meaning.MAILBOX_BUSY: "the mailbox takes nothing at the moment",
    Meaning.MAILBOX_FULL: "the mailbox is full",
    Meaning.NO_SUCH_ADDRESS: "no such address",
    Meaning.BAD_ADDRESS: "the address cannot exist",
    Meaning.NO_ROUTE: "no way to the mailbox's server",
    Meaning.UNCLEAR: "refused without a clear reason",
    Meaning.POLICY: "refused by the provider's policy: look at our reputation",
    Meaning.OUR_SENDER: "our sender or log-in is not accepted: look at the relay",
    Meaning.OUR_SIZE: "the mail is too large for them",
    Meaning.OUR_PROTOCOL: "the relay did not understand us",
    Meaning.OUR_MESSAGE: "the mail's form was refused",
    Meaning.OUR_RELAY: "the relay takes no address outside ASCII",
    "deadline passed": "its deadline passed before its turn",
    "no relay took mail": "no relay took mail before its deadline",
    "no relay takes mail at present": "no relay took mail",
    "no turn before its deadline": "no turn before its deadline: the rate is too low",
    "the deadline has passed": "its deadline passed on the way",
    "worker lost": "a worker was lost in the middle of it",
    "paused": "the person takes a break",
    "unsubscribed": "the person stopped the mails",
    OTHER_CLOCK: "their time zone is not their country's, and it was no evening there:"
    " they are asked which clock is theirs",
    "answers changed": "the answers changed after it was chosen",
    "complaint": "the person reported us as spam",
    "address_unknown": "their mailbox does not exist",
    "undeliverable": "their mailbox could not be reached",
    "accepted": "the relay took it",
    "sent before the restore or not": "nobody knows whether it went out before a restore",
    "sent before the failover or not": "nobody knows whether it went out before a failover",
    "no standby was there": "the database had no standby before its deadline",
}
STATUSES: Mapping[Status, str] = {
    Status.ACTIVE: "gets reminders",
    Status.PAUSED: "takes a break",
    Status.STOPPED: "stopped the mails",
    Status.SUPPRESSED: "gets no mail any more",
}
FREQUENCIES: Mapping[Frequency, str] = {
    Frequency.EVERY: "every evening",
    Frequency.SECOND: "every second evening",
    Frequency.TAPERING: "every evening at first, then fewer",
}
SUPPRESSED: Mapping[Reason, str] = {
    Reason.COMPLAINT: "reported us as spam",
    Reason.ADDRESS_UNKNOWN: "does not exist",
    Reason.UNDELIVERABLE: "could not be reached",
    Reason.UNSUBSCRIBED: "asked for no more mail",
    Reason.ERASED: "was erased",
}
LASTS: Mapping[Reason, str] = {
    Reason.COMPLAINT: "for good",
    Reason.ADDRESS_UNKNOWN: "until they sign up again",
    Reason.UNDELIVERABLE: "until they sign up again",
    Reason.UNSUBSCRIBED: "until they sign up again",
    Reason.ERASED: "until they sign up again",
}
VERDICTS: Mapping[Verdict, str] = {
    Verdict.DEAD: "the mailbox does not exist",
    Verdict.UNDELIVERED: "they did not get it",
    Verdict.OURS: "our mail is refused",
    Verdict.COMPLAINT: "reported us as spam",
    Verdict.NOTHING: "nothing follows from it",
}
FENCES: Mapping[Fence | None, str] = {
    Fence.OPEN: "counts, as others at the provider were reached",
    Fence.RELAY: "counts, as others were reached through the relay",
    Fence.THIN: "counts, but ends nothing before ten days: there are too few others",
    Fence.HELD: "never counts, as others were not reached either",
    None: "is judged when the night is over",
}
CONSENTS: Mapping[str, str] = {
    "health": "their health answers are used to choose tips",
    "mail": "reminders by e-mail",
    "general": "general information, not medical care",
}
ROLES: Mapping[Role, str] = {
    Role.LEAD: "first tip",
    Role.SECOND: "second tip",
    Role.THIRD: "third tip",
    Role.FIXED: "fixed place",
}
EVIDENCE: Mapping[Evidence, str] = {
    Evidence.HIGH: "high",
    Evidence.MODERATE: "moderate",
    Evidence.LOW: "low",
    Evidence.VERY_LOW: "very low",
    Evidence.EXPERT: "expert opinion",
}
WHEN: Mapping[When, str] = {
    When.TONIGHT: "tonight",
    When.TOMORROW: "tomorrow",
    When.TODAY: "today",
    When.PLAN: "a plan",
    When.ANY: "any time",
    When.IF_CRAMP: "if a cramp comes",
}
#: Of the tags that no answer of config/questions.toml stands for.
TAGS: Mapping[Tag, str] = {
    Tag.AGE_U18: "under 18",
    Tag.RED_FLAG_NOW: "a warning sign today",
    Tag.REGION_UK: "in the United Kingdom",
    Tag.REGION_US: "in the United States",
    Tag.REGION_OTHER: "in another country",
    Tag.SEVERE: "frequent or severe cramps",
    Tag.SEATED_ONLY: "stretches sitting down",
    Tag.UNANSWERED: "left a question open",
    Tag.PROFILE_STALE: "answers that have grown old",
    Tag.PREGNANCY_OVER: "a pregnancy whose month has passed",
    Tag.PREGNANCY_JUST_OVER: "a pregnancy whose month passed in the last 6 weeks",
}


def ended(ends: Iterable[Ends]) -> list[tuple[str, str, int]]:
    """Whose reminders refusals ended: what was said, by which provider, how many."""
    return [(VERDICTS[one.verdict], one.provider.value, one.people) for one in ends]


def reason(stored: str) -> str:
    """A stored reason in words, with what the relay answered, if anything."""
    known, _, rest = stored.partition(":")
    words = REASONS.get(known, known) or "no reason is known"
    return f"{words} ({rest.strip()})" if rest.strip() else words


def tag_in_words(tag: Tag, questions: Questions) -> str:
    """What a tag says of a person."""
    words = questions.answers.get(tag)
    return words.console if words else TAGS[tag]
