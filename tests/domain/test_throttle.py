"""How often a password may be tried."""

from datetime import timedelta

import pytest

from service.domain import throttle
from service.domain.throttle import (
    BY_NAME,
    BY_NETWORK,
    BY_SITE,
    WINDOW,
    Browsers,
    Throttle,
    network_of,
    sources,
)
from tests.builders import NOON


def attempt(name="ada", network="192.0.2.1", *, is_known=False):
    return sources(name, network=network, is_known=is_known)


def tries(gate, counted, count):
    return [gate.take(counted, now=NOON) for _ in range(count)]


def test_a_name_may_be_tried_so_often_from_wherever():
    gate = Throttle()

    taken = [
        gate.take(attempt(network=f"192.0.2.{number}"), now=NOON)
        for number in range(BY_NAME + 1)
    ]

    assert taken == [True] * BY_NAME + [False]


def test_a_network_may_try_so_many_names():
    gate = Throttle()

    taken = [
        gate.take(attempt(f"name{number}"), now=NOON)
        for number in range(BY_NETWORK + 1)
    ]

    assert taken == [True] * BY_NETWORK + [False]


def test_a_customer_with_many_networks_of_ipv6_may_try_so_often():
    gate = Throttle()

    taken = [
        gate.take(attempt(f"name{number}", f"2001:db8:1:{number:x}::/64"), now=NOON)
        for number in range(BY_SITE + 1)
    ]
    elsewhere = gate.take(attempt("ada", "2001:db8:2::/64"), now=NOON)

    assert taken == [True] * BY_SITE + [False]
    assert elsewhere


def test_a_browser_that_was_signed_in_with_has_attempts_of_its_own():
    gate = Throttle()
    tries(gate, attempt(), BY_NAME + 1)

    assert tries(gate, attempt(is_known=True), BY_NAME + 1) == (
        [True] * BY_NAME + [False]
    )


def test_an_attempt_counts_for_a_quarter_of_an_hour():
    gate = Throttle()
    tries(gate, attempt(), BY_NAME)

    assert not gate.take(attempt(), now=NOON + WINDOW - timedelta(seconds=1))
    assert gate.take(attempt(), now=NOON + WINDOW)


def test_the_right_password_does_not_count():
    gate = Throttle()
    for _ in range(3 * BY_NAME):
        assert gate.take(attempt(), now=NOON)
        gate.give_back(attempt())
    gate.give_back(attempt("never tried"))

    assert gate.take(attempt(), now=NOON)


def test_only_so_many_names_are_remembered():
    gate = Throttle()
    tries(gate, attempt(), BY_NAME)
    for number in range(throttle.MOST):
        gate.take(attempt(f"n{number}", f"net{number // 20}"), now=NOON)

    assert gate.take(attempt(network="192.0.2.9"), now=NOON)


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("testclient", ""),
    ],
)
def test_those_who_share_an_address_share_a_network(host, network):
    assert network_of(host) == network


def test_the_mark_of_a_browser_is_of_one_name_and_cannot_be_made_up():
    browsers = Browsers(keys=(b"new" * 11, b"old" * 11))
    mark = browsers.mark("ada")

    assert browsers.is_known(mark, name="ada")
    assert browsers.is_known(Browsers(keys=(b"old" * 11,)).mark("ada"), name="ada")
    assert not browsers.is_known(mark, name="eve")
    assert not browsers.is_known("ada", name="ada")
    assert not Browsers(keys=(b"other" * 7,)).is_known(mark, name="ada")
