"""A template cut into segments, so that what it says to many is made once and kept."""

import re
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping
from functools import lru_cache
from itertools import cycle

from jinja2 import BaseLoader, Environment, Template, UndefinedError, meta, nodes
from jinja2.visitor import NodeTransformer

#: Kept of each segment: more than there are tips, or pairs of them, on an evening.
SEGMENTS_KEPT = 2048
#: Where a link is to stand in what is kept; no words of ours hold a NUL.
PLACE = re.compile("\0(\\w+)\0")

Encode = Callable[[str], bytes]
#: A segment as it is kept: encoded text, and the names of links between.
Segment = tuple[bytes | str, ...]


class Stencil:
    """One template, filled in by joining its segments.

    What a segment says depends on the names in it and on nothing else, so it is made
    once for the same values; equal values must look the same. A segment ends where
    the names change, and never inside a `for`. Templates set no names of their own,
    and show the `own` ones, the links of one person, as they are.
    """

    def __init__(
        self,
        environment: Environment,
        loader: BaseLoader,
        name: str,
        *,
        own: frozenset[str],
        fixed: Mapping[str, object],
        encode: Encode,
    ) -> None:
        """Cut the template; of `own` names only their places are kept.

        The `fixed` values are the same for everybody. The encodings of two texts, joined, must be one of the two texts joined.
        """
        self.name = name
        self._encode = encode
        is_escaped = nodes.EvalContext(environment, name).autoescape
        self._shown = environment.filters["escape"] if is_escaped else str
        given = {**fixed, **{each: f"\0{each}\0" for each in own}}
        self._segments: list[tuple[tuple[str, ...], Callable[..., Segment]]] = []
        for names, cut in _Cutter(environment, loader, given.keys()).cuts(name):
            template = Template.from_code(
                environment, environment.compile(cut, name), given
            )
            made = lru_cache(maxsize=SEGMENTS_KEPT)(self._kept(template, names))
            self._segments.append((names, made))

    def filled(self, values: Mapping[str, Hashable]) -> bytes:
        """The template with these values. Raises UndefinedError where one is missing."""
        value = values.__getitem__
        filled: list[bytes] = []
        links: dict[str, bytes] = {}
        try:
            for names, made in self._segments:
                for part in made(*map(value, names)):
                    if isinstance(part, bytes):
                        filled.append(part)
                    else:
                        if part not in links:
                            links[part] = self._encode(str(self._shown(value(part))))
                        filled.append(links[part])
        except KeyError as error:
            raise UndefinedError(f"{error} is undefined") from error
        return b"".join(filled)

    def _kept(
        self, template: Template, names: tuple[str, ...]
    ) -> Callable[..., Segment]:
        def made(*values: Hashable) -> Segment:
            text = template.render(zip(names, values, strict=True))
            # Texts and names take turns; a text may be empty.
            return tuple(
                part if is_name else self._encode(part)
                for part, is_name in zip(PLACE.split(text), cycle((False, True)))
                if part
            )

        return made


class _Cutter(NodeTransformer):
    """Reads a template, puts what it includes in its place, and cuts it."""

    def __init__(
        self, environment: Environment, loader: BaseLoader, given: Collection[str]
    ) -> None:
        self._environment = environment
        self._loader = loader
        self._given = set(given)

    def cuts(self, name: str) -> Iterator[tuple[tuple[str, ...], nodes.Template]]:
        """Templates which, one behind the other, say the same; and their names."""
        names: set[str] = set()
        cut: list[nodes.Node] = []
        for part in self._parts(self._read(name)):
            found = self._names(part)
            if cut and not (found <= names or names <= found):
                yield tuple(sorted(names)), self._template(cut)
                names, cut = set(), []
            names |= found
            cut.append(part)
        if cut:
            yield tuple(sorted(names)), self._template(cut)

    def visit_Include(self, node: nodes.Include) -> nodes.Node:  # noqa: N802  # Jinja's name for it
        """What is included, escaped where the name of its own file says so."""
        name = node.template.as_const()
        is_escaped = nodes.EvalContext(self._environment, name).autoescape
        option = nodes.Keyword("autoescape", nodes.Const(is_escaped))
        return nodes.ScopedEvalContextModifier([option], self._read(name), lineno=1)

    def _read(self, name: str) -> list[nodes.Node]:
        source, _, _ = self._loader.get_source(self._environment, name)
        tree = self._environment.parse(source, name)
        self.visit(tree)
        return tree.body

    def _parts(self, body: list[nodes.Node]) -> Iterator[nodes.Node]:
        """The same in smaller nodes, for what stands between two tags."""
        for node in body:
            if isinstance(node, nodes.Output):
                for said in node.nodes:
                    yield nodes.Output([said], lineno=said.lineno)
            else:
                yield node

    def _names(self, node: nodes.Node) -> set[str]:
        return meta.find_undeclared_variables(self._template([node])) - self._given

    def _template(self, body: list[nodes.Node]) -> nodes.Template:
        tree = nodes.Template(body, lineno=1)
        tree.set_environment(self._environment)
        return tree
