"""What is wrong with the catalogue's files: where it is, what it is, the remedy."""

from collections.abc import Sequence
from dataclasses import dataclass

from service.domain.errors import Misconfigured


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One slip of an editor; `tip` names the table or id, where there is one."""

    file: str
    problem: str
    remedy: str
    tip: str = ""
    line: int | None = None

    @property
    def where(self) -> str:
        """The file, then the line and the tip as far as they are known."""
        line = "" if self.line is None else f", line {self.line}"
        return self.file + line + (self.tip and f", {self.tip}")

    def __str__(self) -> str:
        """Where, what and the remedy, on one line."""
        return f"{self.where}: {self.problem}; {self.remedy}"


def misconfigured(faults: Sequence[Fault]) -> Misconfigured:
    """All faults as one error: the first on its first line, the others below it."""
    first, *others = faults
    more = [f"\n{fault}" for fault in others]
    return Misconfigured(
        what=first.problem, where=first.where, remedy=first.remedy + "".join(more)
    )
