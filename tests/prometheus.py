"""What Prometheus would read of a process."""

from prometheus_client.parser import text_string_to_metric_families


class Samples:
    """The samples of an exposition, each by its name and labels."""

    def __init__(self, text: str) -> None:
        families = text_string_to_metric_families(text)
        self._found = {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in families
            for sample in family.samples
        }

    def __getitem__(self, key: tuple[str, dict[str, str]]) -> float:
        name, labels = key
        return self._found[name, frozenset(labels.items())]

    @property
    def names(self) -> set[str]:
        return {name for name, _ in self._found}

    def by(self, name: str, label: str) -> dict[str, float]:
        """The values other than zero of a series with this one label."""
        return {
            dict(labels)[label]: value
            for (found, labels), value in self._found.items()
            if found == name and value
        }


def samples(exposition: bytes) -> Samples:
    """Every sample; a KeyError names one that is not there."""
    return Samples(exposition.decode())
