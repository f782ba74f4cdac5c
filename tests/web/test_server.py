"""The server on a real socket: half requests, too many of them, and proxies."""

import asyncio
import errno
import re
import socket
from contextlib import asynccontextmanager, suppress
from functools import partial

import httpx
import pytest
import pytest_asyncio
import uvloop
from fastapi import FastAPI
from starlette.responses import PlainTextResponse
from structlog.testing import capture_logs

from service.web.app import create_app
from service.web.connections import BY_NETWORK, BY_SITE, Crowd, Patience
from service.web.proxies import MOST_FAILURES, Known, Proxies
from service.web.server import bound, serving

#: Networks of their own on this machine. The first is a proxy's, where nothing is said.
PROXY, VISITOR, OTHER = "127.0.0.1", "127.0.0.2", "127.0.0.3"
SHORT = Patience(header_seconds=0.3, body_seconds=0.3)
HALF_HEAD = b"GET /health/live HTTP/1.1\r\nHost: a.example\r\nX: "
HALF_BODY = (
    b"POST /signup HTTP/1.1\r\nHost: a.example\r\nContent-Length: 999\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n\r\nemail="
)


@pytest_asyncio.fixture
async def served(cut_off_site):
    """Serves the pages, and says at which port."""
    app = create_app(cut_off_site)

    @asynccontextmanager
    async def serve(**how):
        listener = bound("127.0.0.1", 0)
        async with serving(app, listener, **how):
            yield listener.getsockname()[1]

    return serve


@pytest_asyncio.fixture
async def half():
    """Opens connections on which a request was begun."""
    opened = []

    async def begin(port, says=HALF_HEAD, *, host=VISITOR):
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", port, local_addr=(host, 0)
        )
        writer.write(says)
        opened.append(writer)
        return reader, writer

    yield begin
    for writer in opened:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def answer(reader):
    return await asyncio.wait_for(reader.read(), 20)


def browsing_from(host, port):
    return httpx.AsyncClient(
        transport=httpx.AsyncHTTPTransport(local_address=host),
        base_url=f"http://127.0.0.1:{port}",
        timeout=20,
    )


@pytest.mark.parametrize("begun", [b"", HALF_HEAD, HALF_BODY])
async def test_half_a_request_is_given_up(served, half, begun):
    with capture_logs() as lines:
        async with served(patience=SHORT) as port:
            reader, _ = await half(port, begun)
            said = await answer(reader)

    assert said.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    assert [line["event"] for line in lines] == ["connections are closed"]
    assert lines[0]["too_slow"] == 1
    assert VISITOR not in str(lines)


@pytest.mark.parametrize(
    ("lengths", "statuses"),
    [
        # The length counts for nothing beside chunks: the second request is one.
        (b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", [405, 200]),
        (b"Content-Length: 5\r\nContent-Length: 50\r\n", [400]),
        (b"Content-Length: +5\r\n", [400]),
    ],
)
async def test_where_a_request_ends_is_not_in_doubt(served, half, lengths, statuses):
    asked = b"POST /health/live HTTP/1.1\r\nHost: a.example\r\n" + lengths
    last = b"GET /health/live HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n"
    async with served() as port:
        reader, _ = await half(port, asked + b"\r\n0\r\n\r\n" + last)
        said = await answer(reader)

    assert [int(s) for s in re.findall(rb"HTTP/1.1 (\d+)", said)] == statuses


async def test_a_byte_now_and_then_does_not_put_it_off(served, half):
    async with served(patience=SHORT) as port:
        reader, writer = await half(port)
        said = asyncio.create_task(answer(reader))
        while not said.done():
            writer.write(b"x")
            await asyncio.wait({said}, timeout=0.05)

    assert b"408" in said.result()


async def test_half_of_a_second_request_is_given_up_too(served, half):
    whole = b"GET /health/live HTTP/1.1\r\nHost: a.example\r\n\r\n"
    async with served(patience=SHORT) as port:
        reader, writer = await half(port, whole)
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HALF_HEAD)
        rest = await answer(reader)
        writer.close()

    assert b"HTTP/1.1 408" in rest


async def test_who_asks_for_a_web_socket_is_answered_as_anybody_else(served, half):
    asks_for_more = b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    async with served() as port:
        reader, _ = await half(port, HALF_HEAD[:-3] + asks_for_more)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)

    assert head.startswith(b"HTTP/1.1 200")


async def test_a_body_that_is_refused_before_it_is_there_is_not_waited_for(
    served, half
):
    begun = HALF_BODY.replace(b"Host", b"Sec-Fetch-Site: cross-site\r\nHost")
    async with served(patience=SHORT) as port:
        reader, writer = await half(port, begun)
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"more")
        rest = await answer(reader)
        writer.close()

    # The answer that it had is the only one.
    assert b"HTTP/1.1" not in rest


#: More than the system keeps for somebody who does not read, with so small a buffer.
LONG, BUFFER = "x" * 1_000_000, 16_384
WHOLE = b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"
LOOPS = [asyncio.run, uvloop.run]


@asynccontextmanager
async def serving_long_answers(patience):
    """Where they are; every answer is a long one."""
    listener = bound("127.0.0.1", 0)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
    app = FastAPI()
    app.mount("/", PlainTextResponse(LONG))
    async with serving(app, listener, patience=patience):
        yield listener.getsockname()[1]


async def asks(port, says=WHOLE):
    """Somebody who has asked, and has not read anything yet."""
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, local_addr=(VISITOR, 0), limit=BUFFER
    )
    writer.write(says)
    return reader, writer


async def status_of_another(port):
    reader, writer = await asks(port)
    line = await reader.readline()
    writer.close()
    return int(line.split()[1])


@pytest.mark.parametrize("run", LOOPS)
def test_those_who_do_not_read_their_answers_make_room_for_others(run):
    async def story():
        async with serving_long_answers(Patience(answer_seconds=0.5)) as port:
            idle = [await asks(port) for _ in range(BY_NETWORK)]
            async with asyncio.timeout(20):
                while await status_of_another(port) != 200:
                    pass
            for _, writer in idle:
                writer.transport.abort()

    with capture_logs() as lines:
        run(story())

    assert lines[0]["event"] == "connections are closed"


@pytest.mark.parametrize("run", LOOPS)
def test_a_long_answer_that_is_read_is_sent_whole_and_followed_by_others(run):
    patience = Patience(header_seconds=1.5, answer_seconds=1)

    async def story():
        async with serving_long_answers(patience) as port:
            reader, writer = await asks(port)
            head = await reader.readuntil(b"\r\n\r\n")
            body = await reader.readexactly(len(LONG))
            # By the time that this is given up, the other would have been.
            writer.write(HALF_HEAD)
            rest = await answer(reader)
            writer.close()
        return head, body, rest

    head, body, rest = run(story())

    assert head.startswith(b"HTTP/1.1 200")
    assert body == LONG.encode()
    assert rest.startswith(b"HTTP/1.1 408")


async def test_a_network_has_so_many_connections_and_others_have_their_own(
    served, half
):
    async with served() as port:
        for _ in range(BY_NETWORK):
            await half(port)
        with capture_logs() as lines:
            more, _ = await half(port)
            turned_away = await answer(more)
        async with browsing_from(OTHER, port) as other:
            served_elsewhere = await other.get("/health/live")

    assert b"503 Service Unavailable" in turned_away
    assert [line["too_many"] for line in lines] == [1]
    assert served_elsewhere.status_code == 200


async def test_two_thousand_half_requests_stop_nobody_else(served, half):
    async with served() as port:
        for _ in range(2000):
            await half(port)
        async with browsing_from(OTHER, port) as other:
            found = [await other.get("/privacy") for _ in range(50)]

    assert {each.status_code for each in found} == {200}


async def test_a_proxy_asks_for_as_many_as_it_has_visitors(served, half):
    async with served() as port:
        for _ in range(BY_NETWORK + 1):
            await half(port, host=PROXY)
        async with browsing_from(PROXY, port) as client:
            found = await client.get("/health/live")

    assert found.status_code == 200


@pytest.fixture
def crowd():
    return Crowd(trusts=lambda _: False, patience=Patience())


async def test_a_48_has_fewer_connections_than_its_networks_together(crowd):
    entered = [crowd.enter(f"2001:db8:1:{n:x}::1") for n in range(BY_SITE + 1)]

    assert entered[-1] is None
    assert None not in entered[:-1]


async def test_who_leaves_makes_room(crowd):
    entered = [crowd.enter(VISITOR) for _ in range(BY_NETWORK)]
    full = crowd.enter(VISITOR)
    for each in entered[:2]:
        crowd.leave(each)

    assert full is None
    assert crowd.enter(VISITOR) == (VISITOR,)


async def test_a_connection_without_an_address_is_not_counted(crowd):
    assert {crowd.enter("") for _ in range(BY_NETWORK + 1)} == {()}


async def test_many_that_are_closed_are_told_in_one_line(crowd):
    with capture_logs() as lines:
        for _ in range(100):
            crowd.closed("too_slow")

    assert len(lines) == 1


async def seen_through(proxies_of, *, client, forwarded):
    """Whom the app takes the visitor for."""

    async def app(scope, receive, send):
        host, _ = scope["client"]
        await PlainTextResponse(host)(scope, receive, send)

    proxies = Proxies(app, proxies_of)
    async with proxies.looked_up():
        transport = httpx.ASGITransport(proxies, client=(client, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://a") as http:
            found = await http.get("/", headers={"X-Forwarded-For": forwarded})
    return found.text


@pytest.mark.parametrize(
    ("trusted", "client", "forwarded", "visitor"),
    [
        (["localhost"], "127.0.0.1", "192.0.2.1", "192.0.2.1"),
        (["172.18.0.0/16"], "172.18.0.9", "192.0.2.1", "192.0.2.1"),
        (["127.0.0.1"], "127.0.0.1", "192.0.2.1, 127.0.0.1", "192.0.2.1"),
        # Some proxies add the port.
        (["127.0.0.1"], "127.0.0.1", "192.0.2.1:4711", "192.0.2.1"),
        (["127.0.0.1"], "127.0.0.1", "[2001:db8::1]:4711", "2001:db8::1"),
        # What a visitor claims stands before what the proxy adds.
        (["127.0.0.1"], "127.0.0.1", "8.8.8.8, 192.0.2.1", "192.0.2.1"),
        # Nobody else's word is taken, from however private an address.
        (["localhost"], "172.18.0.9", "192.0.2.1", "172.18.0.9"),
        (["nobody.invalid"], "127.0.0.1", "192.0.2.1", "127.0.0.1"),
        ([], "127.0.0.1", "192.0.2.1", "127.0.0.1"),
    ],
)
async def test_a_visitor_is_who_a_trusted_proxy_says(
    trusted, client, forwarded, visitor
):
    seen = partial(seen_through, trusted, client=client, forwarded=forwarded)

    assert await seen() == visitor


UNANSWERED = socket.gaierror(socket.EAI_AGAIN, "no name server answers")
CADDY = Known().after(["172.18.0.9"])


@pytest.mark.parametrize(
    "failure",
    [
        UNANSWERED,
        socket.gaierror(socket.EAI_FAIL, "it answers nonsense"),
        OSError(errno.EMFILE, "too many open files"),
    ],
)
def test_a_proxy_whose_name_cannot_be_looked_up_is_trusted_for_a_minute(failure):
    known = CADDY
    for _ in range(MOST_FAILURES):
        known = known.after(failure)

    assert known.addresses == {"172.18.0.9"}
    assert known.after(failure) == Known()


def test_a_proxy_that_is_found_again_may_fail_as_often_as_before():
    known = CADDY.after(UNANSWERED).after(["172.18.0.9"])

    assert known == CADDY


@pytest.mark.parametrize(
    ("answer", "trusted"),
    [
        (socket.gaierror(socket.EAI_NONAME, "there is no such host"), set()),
        (["172.18.0.10"], {"172.18.0.10"}),
    ],
)
def test_an_address_that_may_be_another_s_by_now_is_trusted_no_more(answer, trusted):
    assert CADDY.after(answer).addresses == trusted


async def test_a_name_that_cannot_be_a_host_s_is_nobody_and_stops_nothing():
    seen = await seen_through(["x" * 64], client="127.0.0.1", forwarded="192.0.2.1")

    assert seen == "127.0.0.1"
