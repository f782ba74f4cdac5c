"""What can go wrong, ordered by who can mend it.

ServiceError
├── VisitorError      the person can mend it: a wrong answer, a link too old
├── TryLater          nobody need act: the same call may work in a moment
│   └── Busy          somebody else is at it for now
└── Misconfigured     the operator must act: says what is wrong, where, and the remedy
"""


class ServiceError(Exception):
    """Anything this service raises on purpose."""


class VisitorError(ServiceError):
    """A person's input cannot be taken; `problems` maps a field to plain words."""

    def __init__(self, problems: dict[str, str]) -> None:
        """Keep the words for each field; the message lists them all."""
        super().__init__("; ".join(f"{key}: {text}" for key, text in problems.items()))
        self.problems = problems


class TryLater(ServiceError):
    """A part we need (database, relay) is away for the moment."""


class Busy(TryLater):
    """Another transaction was in the way for longer than we wait."""


class Misconfigured(ServiceError):
    """The operator must change something before the service can go on."""

    def __init__(self, *, what: str, where: str, remedy: str) -> None:
        """One line: `where: what. remedy`."""
        super().__init__(f"{where}: {what}. {remedy}")
        self.what = what
        self.where = where
        self.remedy = remedy
