"""Who is refused for a while, who answers a question, and who neither."""

from datetime import timedelta
from ipaddress import ip_network

import pytest

from service.domain.limits import (
    BUDGETS,
    REFUSED,
    Admitted,
    Count,
    Questioned,
    Refused,
    Scope,
    judge,
    sources,
)
from tests.builders import NOON

SOON, LATER = NOON + timedelta(minutes=10), NOON + timedelta(hours=20)


def counted(host, *, own=()):
    found = sources("ada@example.org", host=host, own=own)
    return {s.scope: s.name for s in found}


def asked(*, over=(), until=SOON, **taken):
    """So often, by scope; those `over` have used up their limit or budget."""
    limits = {**REFUSED, **BUDGETS}
    return [
        *(Count(scope=Scope(s), taken=n, ends_at=SOON) for s, n in taken.items()),
        *(Count(scope=s, taken=limits[s].most + 1, ends_at=until) for s in over),
    ]


def test_a_request_is_counted_by_network_mailbox_domain_and_instance():
    assert counted("192.0.2.1") == {
        Scope.NETWORK: "192.0.2.1",
        Scope.PUBLIC: "",
        Scope.MAILBOX: "ada@example.org",
        Scope.DOMAIN: "example.org",
        Scope.INSTANCE: "",
    }


def test_an_address_of_ipv6_counts_for_its_64_and_its_48():
    found = counted("2001:db8:1:2::9")

    assert found[Scope.NETWORK] == "2001:db8:1:2::/64"
    assert found[Scope.SITE] == "2001:db8:1::/48"


@pytest.mark.parametrize("host", ["172.18.0.1", "127.0.0.1", "fd00::1", "100.64.0.9"])
def test_a_private_address_is_counted_and_has_no_limit(host):
    found = counted(host)

    assert Scope.PRIVATE in found
    assert not {Scope.NETWORK, Scope.SITE} & found.keys()
    assert judge(asked(private=5000), is_proven=False) == Admitted(turn=40)


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8:1:2::9"])
def test_the_operators_own_networks_are_not_counted(host):
    own = (ip_network("192.0.2.0/24"), ip_network("2001:db8:1::/48"))

    found = counted(host, own=own)

    assert set(found) == {Scope.MAILBOX, Scope.DOMAIN, Scope.INSTANCE}


def test_who_has_no_address_is_not_counted_by_one():
    assert set(counted("")) == {Scope.MAILBOX, Scope.DOMAIN, Scope.INSTANCE}


@pytest.mark.parametrize("scope", REFUSED)
def test_who_is_over_a_limit_is_refused_until_its_window_ends(scope):
    found = judge(asked(over=[scope], until=LATER), is_proven=True)

    assert found == Refused(scope=scope, until=LATER)


def test_over_two_limits_the_later_end_is_told():
    counts = [
        *asked(over=[Scope.NETWORK]),
        *asked(over=[Scope.MAILBOX], until=LATER),
    ]

    assert judge(counts, is_proven=False) == Refused(scope=Scope.MAILBOX, until=LATER)


@pytest.mark.parametrize("scope", BUDGETS)
def test_over_a_budget_nobody_is_refused_and_the_first_visitor_is_not_asked(scope):
    first = asked(network=1, over=[scope])
    second = asked(network=2, over=[scope])

    assert judge(first, is_proven=False) == Admitted(turn=1)
    assert judge(second, is_proven=False) == Questioned()
    assert judge(second, is_proven=True) == Admitted(turn=2)


def test_within_all_budgets_nobody_is_asked():
    counts = asked(network=30, instance=BUDGETS[Scope.INSTANCE].most)

    assert judge(counts, is_proven=False) == Admitted(turn=30)


def test_neighbours_in_a_48_wait_for_each_other():
    assert judge(asked(network=1, site=7), is_proven=False) == Admitted(turn=7)
