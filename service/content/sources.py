"""The bibliography: what a tip or a rule leans on."""

from collections.abc import Mapping
from dataclasses import dataclass

from service.content.faults import Fault
from service.content.files import Place, TomlFile
from service.content.shapes import SourceShape, shaped


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A paper, guideline or page. `url` and `doi` are empty where there is none.

    `verified` says how far it has been read: "read", "secondary" or "knowledge".
    """

    id: str
    title: str
    publisher: str
    year: str
    url: str
    doi: str
    core: bool
    verified: str
    supports: str

    @property
    def address(self) -> str:
        """Where to read it on the web, or "" where that is not known."""
        return self.url or (self.doi and f"https://doi.org/{self.doi}")


def read_sources(file: TomlFile, faults: list[Fault]) -> dict[str, Source]:
    """Every source of config/sources.toml by its id."""
    sources = {}
    for name, data in file.tables().items():
        place = Place(file=file, table=name, tip=f"source {name}")
        shape = shaped(SourceShape, data, place, faults)
        if shape is not None:
            sources[name] = Source(id=name, **shape.model_dump())
    return sources


def unknown_sources(
    named: tuple[str, ...], sources: Mapping[str, Source], place: Place
) -> list[Fault]:
    """A fault for each id that the bibliography does not have."""
    return [
        place.fault(
            f"source '{name}' is not known",
            "use an id of config/sources.toml, or add the source there",
            key="sources",
        )
        for name in named
        if name not in sources
    ]
