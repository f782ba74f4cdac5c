"""A template cut into segments, so that what it says to many is made once and kept."""

from collections.abc import Callable, Hashable, Iterator, Mapping
from functools import lru_cache

from jinja2 import BaseLoader, Environment, Template, UndefinedError, meta, nodes
from jinja2.visitor import NodeTransformer

#: Kept of each segment: more than there are tips, or pairs of them, on an evening.
SEGMENTS_KEPT = 2048

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
        self.name = name
        self._segments: list[tuple[tuple[str, ...], Callable[..., bytes]]] = []
        for names, cut in _Cutter(environment, loader, own).cuts(name):
            made = _encoded(_said(cut, environment, name, names), encode)
            if own.isdisjoint(names):
                made = lru_cache(maxsize=SEGMENTS_KEPT)(made)
            self._segments.append((names, made))

    def filled(self, values: Mapping[str, Hashable]) -> bytes:
        """The template with these values. Raises UndefinedError where one is missing."""
        value = values.__getitem__
        try:
            return b"".join(
                [made(*map(value, names)) for names, made in self._segments]
            )
        except KeyError as error:
            raise UndefinedError(f"{error} is undefined") from error


def _encoded(said: Callable[..., str], encode: Encode) -> Callable[..., bytes]:
    return lambda *values: encode(said(*values))


def _said(
    cut: nodes.Template, environment: Environment, name: str, names: tuple[str, ...]
) -> Callable[..., str]:
    """What Jinja makes of a segment, as a function of the names in it."""
    if _is_name(cut):
        # A link: to start a template for it would cost more than all else.
        is_escaped = nodes.EvalContext(environment, name).autoescape
        escape = environment.filters["escape"]
        return (lambda value: str(escape(value))) if is_escaped else str
    template = Template.from_code(environment, environment.compile(cut, name), {})

    def said(*values: Hashable) -> str:
        context = dict(zip(names, values, strict=True))
        return "".join(
            template.root_render_func(template.new_context(context, shared=True))
        )

    return said


def _is_name(cut: nodes.Template) -> bool:
    match cut.body:
        case [nodes.Output(nodes=[nodes.Name()])]:
            return True
        case _:
            return False


class _Cutter(NodeTransformer):
    """Reads a template, puts what it includes in its place, and cuts it."""

    def __init__(
        self, environment: Environment, loader: BaseLoader, own: frozenset[str]
    ) -> None:
        self._environment = environment
        self._loader = loader
        self._own = own

    def cuts(self, name: str) -> Iterator[tuple[tuple[str, ...], nodes.Template]]:
        """Templates which, one behind the other, say the same; and their names."""
        names: set[str] = set()
        cut: list[nodes.Node] = []
        for part in self._parts(self._read(name)):
            found = self._names(part)
            is_alike = found <= names or names <= found
            if cut and not (is_alike and self._own.isdisjoint(found | names)):
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
        """Smaller nodes; an `if` around a link becomes one around each of its parts."""
        for node in body:
            match node:
                case nodes.Output():
                    for said in node.nodes:
                        yield nodes.Output([said], lineno=said.lineno)
                case nodes.If(elif_=[], else_=[]) if self._names(node) & self._own:
                    for part in self._parts(node.body):
                        yield nodes.If(node.test, [part], [], [], lineno=node.lineno)
                case _:
                    yield node

    def _names(self, node: nodes.Node) -> set[str]:
        return meta.find_undeclared_variables(self._template([node]))

    def _template(self, body: list[nodes.Node]) -> nodes.Template:
        tree = nodes.Template(body, lineno=1)
        tree.set_environment(self._environment)
        return tree
