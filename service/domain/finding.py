"""What a look at the service found: how good it is, and the remedy where it is not."""

from dataclasses import dataclass
from enum import StrEnum


class Grade(StrEnum):
    """How good a finding is. What cannot be known is a warning, never ok."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at. Whatever is not ok has its remedy."""

    area: str
    check: str
    grade: Grade
    finding: str
    remedy: str


class Sheet:
    """The findings of one area as they are made: a look that breaks leaves the rest."""

    def __init__(self, area: str) -> None:
        """Nothing was found yet."""
        self.area = area
        self.findings: list[Finding] = []

    def beside(self, area: str) -> "Sheet":
        """The same sheet, for the findings of another area."""
        other = Sheet(area)
        other.findings = self.findings
        return other

    def ok(self, check: str, finding: str) -> None:
        """Note what is as it should be."""
        self._note(check, Grade.OK, finding, "")

    def warning(self, check: str, finding: str, remedy: str) -> None:
        """Note what someone should look at, or what could not be known."""
        self._note(check, Grade.WARNING, finding, remedy)

    def fault(self, check: str, finding: str, remedy: str) -> None:
        """Note what keeps the service from doing its work."""
        self._note(check, Grade.FAULT, finding, remedy)

    def _note(self, check: str, grade: Grade, finding: str, remedy: str) -> None:
        self.findings.append(
            Finding(
                area=self.area, check=check, grade=grade, finding=finding, remedy=remedy
            )
        )
