"""Who is signed in to the console, and the wall before each of its pages.

A route module of the console:

    def routes(access: Access) -> APIRouter:
        router = APIRouter()

        async def show(request: Request, operator: Operator) -> Response:
            return access.page(request, operator, "tonight.html", {"night": ...})

        access.get(router, "/operator", show, may=May.SEE_FIGURES)
        access.post(router, "/operator/pause", switch, may=May.PAUSE_ALL)
        return router

Nobody is let past without a permission (`domain/operators.py`), nor to anything but the
set-up of a second factor who must have one and has none. A form needs no token:
a POST is taken only where the browser itself says that it comes from this site
(`web/origin.py`), so that no form can be forgotten.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.domain.operators import May, Operator
from service.domain.throttle import Throttle
from service.flows import sign_in
from service.flows.account import Proof
from service.web import cookies
from service.web.forms import Entered
from service.web.origin import is_from_here
from service.web.site import Site

HOME = "/operator"
LOGIN = "/operator/login"
#: Where whoever must sets up a second factor, before anything else.
ENROL = "/operator/account/second-factor"
#: What the navigation shows to whom, in this order.
PLACES = (
    (HOME, "Tonight", May.SEE_FIGURES),
    ("/operator/bounces", "Not sent", May.SEE_FIGURES),
    ("/operator/deliverability", "Deliverability", May.SEE_FIGURES),
    ("/operator/people", "People", May.FIND_PEOPLE),
    ("/operator/catalogue", "Catalogue", May.SEE_FIGURES),
    ("/operator/preview", "Preview", May.SEE_FIGURES),
    ("/operator/audit", "Audit log", May.SEE_AUDIT),
    ("/operator/operators", "Operators", May.MANAGE_OPERATORS),
)
ONE_YEAR = 365 * 24 * 60 * 60

Handler = Callable[[Request, Operator], Awaitable[Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A line of the navigation."""

    path: str
    name: str
    is_here: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Lets operators in, and shows them their pages."""

    site: Site
    #: Shared by all pages, so that each is no new place to guess at.
    _proofs: Throttle = field(default_factory=Throttle)

    def get(self, router: APIRouter, path: str, handler: Handler, *, may: May) -> None:
        """Let `handler` show a page to whoever may; others are asked to sign in."""
        router.add_route(path, self._walled(handler, may), methods=["GET"])

    def post(self, router: APIRouter, path: str, handler: Handler, *, may: May) -> None:
        """Let `handler` act for whoever may, on a form of one of our own pages."""
        router.add_route(path, self._walled(handler, may), methods=["POST"])

    def page(
        self,
        request: Request,
        operator: Operator,
        name: str,
        context: Mapping[str, object] | None = None,
        status: int = 200,
    ) -> Response:
        """The page `templates/web/operator/<name>`, with what stands on all of them."""
        must_enrol = self.must_enrol(operator)
        places = () if must_enrol else _places(operator, request.url.path)
        shared = {"operator": operator, "places": places, "must_enrol": must_enrol}
        page = f"operator/{name}"
        return self.site.page(page, {**shared, **(context or {})}, status)

    def is_from_here(self, request: Request) -> bool:
        """Whether a form was sent by one of our own pages, and the browser says so."""
        return is_from_here(request.headers, base_url=self.site.base_url)

    async def operator(self, request: Request) -> Operator | None:
        """Who is signed in, if anybody is."""
        token = self.token(request)
        if not token:
            return None
        now = self.site.clock.now()
        return await sign_in.signed_in(self.site.store, token, now=now)

    def must_enrol(self, operator: Operator) -> bool:
        """Whether they may do nothing before they have set up a second factor."""
        return self.site.needs_second_factor and operator.must_enrol

    def proof(self, operator: Operator, form: Entered) -> Proof:
        """Their own password, typed again in the field `password`."""
        return Proof(
            passwords=self.site.passwords,
            throttle=self._proofs,
            name=operator.name,
            password=next(iter(form.many("password")), ""),
        )

    def token(self, request: Request) -> str:
        """What the browser shows of its session, "" for nothing."""
        return self.cookie(request, "eventide")

    def mark(self, request: Request) -> str:
        """What the browser shows of having been signed in with before."""
        return self.cookie(request, "eventide-known")

    def to_page(self, path: str, *, token: str, mark: str) -> Response:
        """On to a page, signed in from now on."""
        answer = RedirectResponse(path, 303)
        self.set_cookie(answer, "eventide", token)
        self.set_cookie(answer, "eventide-known", mark, seconds=ONE_YEAR)
        return answer

    def to_login(self) -> Response:
        """Back to the sign-in page, signed out."""
        answer = RedirectResponse(LOGIN, 303)
        self.set_cookie(answer, "eventide", "", seconds=0)
        return answer

    def set_cookie(
        self, answer: Response, name: str, value: str, *, seconds: int | None = None
    ) -> None:
        """Let the browser keep a value that no script can read."""
        cookies.keep(self.site, answer, name, value, seconds=seconds)

    def cookie(self, request: Request, name: str) -> str:
        """What set_cookie kept, "" for nothing."""
        return cookies.kept(self.site, request, name)

    def _walled(
        self, handler: Handler, may: May
    ) -> Callable[[Request], Awaitable[Response]]:
        async def walled(request: Request) -> Response:
            operator = await self.operator(request)
            if operator is None:
                return RedirectResponse(_login_for(request), 303)
            if request.method == "POST" and not self.is_from_here(request):
                return self.page(request, operator, "elsewhere.html", status=403)
            if may is not May.ENROL and self.must_enrol(operator):
                return RedirectResponse(ENROL, 303)
            if not operator.may(may):
                return self.page(request, operator, "may_not.html", status=403)
            return await handler(request, operator)

        return walled


def login_page(
    site: Site, following: str, *, name: str = "", problem: str = "", status: int = 200
) -> Response:
    """The page that asks who it is, and then goes on to `following`."""
    context = {
        "following": following,
        "name": name,
        "problem": problem,
        "provider": site.provider.name if site.provider else "",
    }
    return site.page("operator/login.html", context, status)


def safe_next(path: str) -> str:
    """A page of the console to go on to: this one if it is one, else the first."""
    # A browser would read "//" and "\" as the beginning of another host.
    is_ours = path.startswith((HOME + "/", HOME + "?")) and "\\" not in path
    return path if is_ours and path.isprintable() else HOME


def _login_for(request: Request) -> str:
    asked = request.url.path
    if request.url.query:
        asked += f"?{request.url.query}"
    if request.method != "GET" or asked == HOME:
        return LOGIN
    return f"{LOGIN}?{urlencode({'next': asked})}"


def _places(operator: Operator, path: str) -> tuple[Place, ...]:
    return tuple(
        Place(path=place, name=name, is_here=path == place or _is_below(path, place))
        for place, name, may in PLACES
        if operator.may(may)
    )


def _is_below(path: str, place: str) -> bool:
    return place != HOME and path.startswith(place + "/")
