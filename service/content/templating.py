"""Mails and pages from their templates, compiled once; the only mrml."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import mrml
from jinja2 import (
    ChoiceLoader,
    DictLoader,
    Environment,
    FileSystemLoader,
    StrictUndefined,
    Template,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
    meta,
    select_autoescape,
)
from jinja2.loaders import BaseLoader

from service.content.stencil import Encode, Stencil
from service.domain.errors import Misconfigured

SUBJECT, HTML, TEXT = "subject.txt", "body.mjml", "body.txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedMail:
    """What one mail says: its subject on one line, and the same words twice."""

    subject: str
    html: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledMail:
    """The same, the bodies encoded for the wire."""

    subject: str
    html: bytes
    text: bytes


class Templates:
    """Every template below a folder, compiled when this is built.

    `mail/<kind>/{subject.txt,body.mjml,body.txt}` are mails, where MJML may include
    `mail/parts/*.mjml` by `<mj-include path="parts/..." />`; `web/*.html` are pages.
    Raises Misconfigured where one of them cannot be compiled.
    """

    def __init__(self, directory: Path) -> None:
        """Compile them all; Jinja tags in MJML are left for the rendering."""
        self._directory = directory
        letters = _compiled_letters(directory / "mail")
        self._loader = ChoiceLoader([DictLoader(letters), FileSystemLoader(directory)])
        self._environment = _environment(self._loader)
        for path in _files(directory, ("mail/**/*.txt", "web/**/*.html")):
            self._compiled(path)
        for name in letters:
            self._compiled(name)

    def mail(self, kind: str, context: Mapping[str, object]) -> RenderedMail:
        """The mail of this kind. Raises Misconfigured for an undefined variable."""
        return RenderedMail(
            subject=self._rendered(f"mail/{kind}/{SUBJECT}", context).strip(),
            html=self._rendered(f"mail/{kind}/{HTML}", context),
            text=self._rendered(f"mail/{kind}/{TEXT}", context),
        )

    def stencil(
        self,
        kind: str,
        *,
        own: frozenset[str],
        fixed: Mapping[str, object],
        encode: Encode,
    ) -> "MailStencil":
        """The mail of this kind, to be filled in for many, as Stencil has it.

        Raises Misconfigured for a missing part.
        """

        def cut(part: str, encode: Encode) -> Stencil:
            name = f"mail/{kind}/{part}"
            try:
                return Stencil(
                    self._environment,
                    self._loader,
                    name,
                    own=own,
                    fixed=fixed,
                    encode=encode,
                )
            except TemplateError as error:
                raise _faulty(error, where=str(self._directory / name)) from error

        return MailStencil(
            directory=self._directory,
            subject=cut(SUBJECT, str.encode),
            html=cut(HTML, encode),
            text=cut(TEXT, encode),
        )

    def page(self, name: str, context: Mapping[str, object]) -> str:
        """The page `web/<name>`. Raises Misconfigured for an undefined variable."""
        return self._rendered(f"web/{name}", context)

    def _rendered(self, name: str, context: Mapping[str, object]) -> str:
        template = self._compiled(name)
        try:
            return template.render(context)
        except TemplateError as error:
            raise _faulty(error, where=str(self._directory / name)) from error

    def _compiled(self, name: str) -> Template:
        try:
            return self._environment.get_template(name)
        except TemplateError as error:
            raise _faulty(error, where=str(self._directory / name)) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class MailStencil:
    """One kind of mail, put together from what was made for others before."""

    directory: Path
    subject: Stencil
    html: Stencil
    text: Stencil

    def filled(self, values: Mapping[str, Hashable]) -> FilledMail:
        """What `Templates.mail` gives, encoded. Raises Misconfigured as it does."""
        return FilledMail(
            subject=self._filled(self.subject, values).decode().strip(),
            html=self._filled(self.html, values),
            text=self._filled(self.text, values),
        )

    def _filled(self, stencil: Stencil, values: Mapping[str, Hashable]) -> bytes:
        try:
            return stencil.filled(values)
        except TemplateError as error:
            raise _faulty(error, where=str(self.directory / stencil.name)) from error


def compile_words(source: str) -> Callable[[Mapping[str, str]], str]:
    """A tip's words as a function of its variables; plain text, nothing escaped.

    Raises Misconfigured for a slip in the source now, for a missing variable when
    the words are wanted.
    """
    try:
        template = _environment(DictLoader({})).from_string(source)
    except TemplateError as error:
        raise _faulty(error, where="the words") from error

    def words(values: Mapping[str, str]) -> str:
        try:
            return template.render(values)
        except TemplateError as error:
            raise _faulty(error, where="the words") from error

    return words


def variables(source: str) -> frozenset[str]:
    """The names that a tip's words need. Raises Misconfigured for a slip."""
    environment = _environment(DictLoader({}))
    try:
        return frozenset(meta.find_undeclared_variables(environment.parse(source)))
    except TemplateError as error:
        raise _faulty(error, where="the words") from error


def _environment(loader: BaseLoader) -> Environment:
    environment = Environment(
        loader=loader,
        autoescape=select_autoescape(
            enabled_extensions=("html", "mjml"), default_for_string=False
        ),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
        cache_size=-1,
    )
    # A template shows what it is given and nothing else.
    environment.globals.clear()
    return environment


def _compiled_letters(directory: Path) -> dict[str, str]:
    parts = {
        path: (directory / path).read_text(encoding="utf-8")
        for path in _files(directory, ("parts/*.mjml",))
    }
    return {
        path.relative_to(directory.parent).as_posix(): _html(path, parts)
        for path in sorted(directory.glob("*/body.mjml"))
    }


def _html(path: Path, parts: dict[str, str]) -> str:
    loader = mrml.memory_loader(parts)
    parsing = mrml.ParserOptions(include_loader=loader)
    # mrml would fetch the fonts that it knows from Google; readers have their own.
    rendering = mrml.RenderOptions(fonts={})
    try:
        output = mrml.to_html(path.read_text(encoding="utf-8"), parsing, rendering)
    except OSError as error:
        raise _bad_mjml(path, str(error)) from error
    # mrml passes over what it does not know, and a reader would see nothing.
    _, unknown, rest = str(output.content).partition("<mj-")
    if unknown:
        name = rest.split(">")[0].split()[0]
        raise _bad_mjml(path, f"<mj-{name}> is not an MJML element, or not here")
    # An article is no landmark; screen readers jump to the main one.
    return str(output.content).replace('role="article"', 'role="main"', 1)


def _bad_mjml(path: Path, what: str) -> Misconfigured:
    return Misconfigured(
        what=what,
        where=str(path),
        remedy="Mend the MJML there or in the parts it includes; text and <mj-raw> "
        "may hold Jinja tags, but no bare < sign",
    )


def _files(directory: Path, patterns: Iterable[str]) -> list[str]:
    return sorted(
        path.relative_to(directory).as_posix()
        for pattern in patterns
        for path in directory.glob(pattern)
    )


def _faulty(error: TemplateError, *, where: str) -> Misconfigured:
    what = error.message or "it cannot be rendered"
    match error:
        case TemplateSyntaxError(lineno=line):
            what = f"line {line}: {what}"
            remedy = "Mend the template there"
        case TemplateNotFound(name=name):
            what = f"there is no template {name}"
            remedy = "Put it back, or mend the name where it is asked for"
        case _:
            remedy = "Use only the names that this template is given"
    return Misconfigured(what=what, where=where, remedy=remedy)
