"""A template cut into segments, so that what it says to many is made once and kept."""

from collections.abc import Callable, Hashable, Iterator, Mapping
from functools import lru_cache

from jinja2 import BaseLoader, Environment, Template, UndefinedError, meta, nodes
from jinja2.visitor import NodeTransformer
from markupsafe import escape

#: Kept of each segment: more than there are tips, or pairs of them, on an evening.
SEGMENTS_KEPT = 2048
#: Those of a few people: a link stands in a mail several times.
LINKS_KEPT = 16

Encode = Callable[[str], bytes]


class Stencil:
    """One template, filled in by joining its segments.

    What a segment says depends on the names in it and on nothing else, so it is made
    once for the same values; equal values must look the same. A segment ends where
    the names change, and never inside a `for`. Templates set no names of their own.
    """

    def __init__(
        self,
        environment: Environment,
        loader: BaseLoader,
        name: str,
        *,
        own: frozenset[str],
        encode: Encode,
    ) -> None:
        """Cut the template; what holds an `own` name, a link of one person, is not kept.

        The encodings of two texts, joined, must be one of the two texts joined.
        """
        self._segments: list[tuple[tuple[str, ...], Callable[..., bytes]]] = []
        encode_own = lru_cache(maxsize=LINKS_KEPT)(encode)
        tree = _Inclusion(environment, loader).parsed(name)
        for names, cut in _cuts(tree.body, own):
            made: Callable[..., bytes]
            if own.isdisjoint(names):
                said = _said(environment, name, names, cut)
                made = lru_cache(maxsize=SEGMENTS_KEPT)(_encoded(said, encode))
            elif _is_name(cut):
                made = _encoded(_shown(environment, name), encode_own)
            else:
                made = _encoded(_said(environment, name, names, cut), encode_own)
            self._segments.append((names, made))

    def filled(self, values: Mapping[str, Hashable]) -> bytes:
        """The template with these values. Raises UndefinedError where one is missing."""
        try:
            return b"".join(
                [
                    made(*[values[name] for name in names])
                    for names, made in self._segments
                ]
            )
        except KeyError as error:
            raise UndefinedError(f"{error} is undefined") from error


def _encoded(said: Callable[..., str], encode: Encode) -> Callable[..., bytes]:
    return lambda *values: encode(said(*values))


def _said(
    environment: Environment, name: str, names: tuple[str, ...], cut: list[nodes.Node]
) -> Callable[..., str]:
    """What Jinja makes of these nodes, as a function of the names in them."""
    code = environment.compile(_template(cut), name)
    template = Template.from_code(environment, code, {})
    return lambda *values: template.render(zip(names, values, strict=True))


def _shown(environment: Environment, name: str) -> Callable[..., str]:
    """What Jinja makes of `{{ name }}`, without the cost of starting a template."""
    is_escaped = nodes.EvalContext(environment, name).autoescape
    return (lambda value: str(escape(value))) if is_escaped else str


def _is_name(cut: list[nodes.Node]) -> bool:
    match cut:
        case [nodes.Output(nodes=[nodes.Name()])]:
            return True
        case _:
            return False


class _Inclusion(NodeTransformer):
    """Parses a template with what it includes put in its place."""

    def __init__(self, environment: Environment, loader: BaseLoader) -> None:
        self._environment = environment
        self._loader = loader

    def parsed(self, name: str) -> nodes.Template:
        source, _, _ = self._loader.get_source(self._environment, name)
        tree = self._environment.parse(source, name)
        self.visit(tree)
        return tree

    def visit_Include(self, node: nodes.Include) -> list[nodes.Node]:  # noqa: N802  # Jinja's name for it
        return self.parsed(node.template.as_const()).body


def _cuts(
    body: list[nodes.Node], own: frozenset[str]
) -> Iterator[tuple[tuple[str, ...], list[nodes.Node]]]:
    """The nodes in groups, with the names that each of these needs."""
    names: set[str] = set()
    cut: list[nodes.Node] = []
    for part in _parts(body, own):
        found = _names(part)
        is_alike = found <= names or names <= found
        if cut and not (is_alike and own.isdisjoint(found | names)):
            yield tuple(sorted(names)), cut
            names, cut = set(), []
        names |= found
        cut.append(part)
    yield tuple(sorted(names)), cut


def _parts(body: list[nodes.Node], own: frozenset[str]) -> Iterator[nodes.Node]:
    """The nodes in smaller ones; an `if` around a link becomes one around each part."""
    for node in body:
        place = {"lineno": node.lineno, "environment": node.environment}
        match node:
            case nodes.Output():
                for said in node.nodes:
                    yield nodes.Output([said], **place)
            case nodes.If(elif_=[], else_=[]) if not own.isdisjoint(_names(node)):
                for part in _parts(node.body, own):
                    yield nodes.If(node.test, [part], [], [], **place)
            case _:
                yield node


def _names(node: nodes.Node) -> set[str]:
    return meta.find_undeclared_variables(_template([node]))


def _template(body: list[nodes.Node]) -> nodes.Template:
    first = body[0]
    return nodes.Template(body, lineno=first.lineno, environment=first.environment)
