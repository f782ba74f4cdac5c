"""What the DNS says of a sender; the only checkdmarc and dnspython.

Both block: ask in a thread. Importing them takes half as long as all the rest, so
whoever needs this imports it when it is needed.
"""

from ipaddress import ip_network
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from checkdmarc import utils
from checkdmarc.dmarc import check_dmarc
from checkdmarc.spf import check_spf
from dns.exception import DNSException
from dns.resolver import NXDOMAIN, Answer, NoAnswer, Resolver
from dns.reversename import from_address

from service.domain.errors import TryLater
from service.domain.sender_records import Dmarc, Exchange, Named, SenderRecords, Spf

#: Seconds for one question, and for all of them.
QUESTION_SECONDS, ALL_SECONDS = 3.0, 15.0
#: No more addresses of a sender than these are looked at.
MOST_NAMED = 8


class Inquiry:
    """Questions to the system's name servers, or to the one that is named."""

    def __init__(self, nameserver: str) -> None:
        """Take ADDRESS or ADDRESS:PORT; "" is the system's. Raises TryLater."""
        # Whoever repairs a record wants to see what there is now.
        utils.DNS_CACHE.clear()
        try:
            self._resolver = _Hurried(configure=not nameserver)
            if nameserver:
                is_six = nameserver.count(":") > 1 and not nameserver.startswith("[")
                place = urlsplit(f"//[{nameserver}]" if is_six else f"//{nameserver}")
                self._resolver.nameservers = [place.hostname or ""]
                self._resolver.port = place.port or self._resolver.port
        except (DNSException, ValueError) as error:
            raise TryLater(f"there is no name server to ask: {error}") from error
        self._how = {"resolver": self._resolver, "retries": 0}

    def addresses(self, host: str) -> tuple[str, ...]:
        """The addresses of a host; none where it has none. Raises TryLater."""
        return (*self._ask(host, "A"), *self._ask(host, "AAAA"))

    def sender_records(self, domain: str, bounces: str, selector: str) -> SenderRecords:
        """All that receivers will look up about a sender and its envelope's domain.

        Raises TryLater where nobody answers.
        """
        spf = self._spf(bounces)
        return SenderRecords(
            domain=domain,
            bounces=bounces,
            organisation=utils.get_base_domain(domain),
            bounces_organisation=utils.get_base_domain(bounces),
            spf=spf,
            dmarc=self._dmarc(domain),
            dkim=self._dkim(selector, domain) if selector else None,
            exchanges=tuple(map(self._exchange, sorted({domain, bounces}))),
            named=self._all_named(spf),
        )

    def _ask(self, name: str, kind: str) -> tuple[str, ...]:
        """The records of a name; none where there is none."""
        try:
            return tuple(utils.query_dns(name, kind, **self._how))
        except (NXDOMAIN, NoAnswer):
            return ()
        except (DNSException, OSError) as error:
            raise TryLater(f"no answer about {name}") from error

    def _spf(self, domain: str) -> Spf:
        # Else silence would be taken for a record that is missing.
        self._ask(domain, "TXT")
        found = check_spf(domain, **self._how)
        parsed = found.get("parsed") or {"mechanisms": [], "all": ""}
        passing = [each for each in parsed["mechanisms"] if each["action"] == "pass"]
        return Spf(
            record=found["record"] or "",
            error=str(found.get("error", "")),
            warnings=tuple(found["warnings"]),
            addresses=tuple(one for each in passing for one in _listed(each)),
            hosts=tuple(one for each in passing for one in self._hosts(each)),
            providers=tuple(
                str(each["value"]) for each in passing if each["mechanism"] == "include"
            ),
            rest=str(parsed["all"]),
        )

    def _hosts(self, mechanism: dict[str, Any]) -> tuple[str, ...]:
        """The addresses of the hosts that a mechanism names."""
        match mechanism["mechanism"]:
            case "a":
                return tuple(mechanism["addresses"])
            case "mx":
                hosts = [str(each["hostname"]) for each in mechanism["hosts"]]
                return tuple(one for host in hosts for one in self.addresses(host))
            case _:
                return ()

    def _dmarc(self, domain: str) -> Dmarc:
        self._ask(f"_dmarc.{domain}", "TXT")
        found = check_dmarc(domain, **self._how)
        tags = found.get("tags", {})
        return Dmarc(
            record=found["record"] or "",
            error=str(found.get("error", "")),
            warnings=tuple(found["warnings"]),
            policy=str(tags.get("p", {}).get("value", "")),
            is_spf_strict=tags.get("aspf", {}).get("value") == "s",
        )

    def _dkim(self, selector: str, domain: str) -> str:
        found = self._ask(f"{selector}._domainkey.{domain}", "TXT")
        return next((each for each in found if "p=" in each), "")

    def _exchange(self, domain: str) -> Exchange:
        # "10 mail.example.org"; "0 ", the root, is a domain that wants no mail.
        pairs = [each.partition(" ") for each in self._ask(domain, "MX")]
        ranked = sorted((int(rank), host) for rank, _, host in pairs if host)
        return Exchange(domain=domain, hosts=tuple(host for _, host in ranked))

    def _all_named(self, spf: Spf) -> tuple[Named, ...]:
        known = dict.fromkeys((*spf.addresses, *spf.hosts))
        return tuple(
            self._named(address, is_listed=address in spf.addresses)
            for address in [*known][:MOST_NAMED]
        )

    def _named(self, address: str, *, is_listed: bool) -> Named:
        names = self._ask(str(from_address(address)), "PTR")
        leads_back = any(address in self.addresses(name) for name in names)
        return Named(
            address=address, is_listed=is_listed, names=names, leads_back=leads_back
        )


def _listed(mechanism: dict[str, Any]) -> tuple[str, ...]:
    """The address that a mechanism lists; none where it is a whole network."""
    if mechanism["mechanism"] not in {"ip4", "ip6"}:
        return ()
    network = ip_network(mechanism["value"], strict=False)
    return (str(network.network_address),) if network.num_addresses == 1 else ()


class _Hurried(Resolver):
    """A resolver that is out of patience at some point, whatever records chain to."""

    def __init__(self, *, configure: bool) -> None:
        super().__init__(configure=configure)
        self.lifetime = QUESTION_SECONDS
        self._ends = monotonic() + ALL_SECONDS

    def resolve(self, *question: Any, **options: Any) -> Answer:  # noqa: ANN401 - as dnspython has it
        """An answer within what is left of the time."""
        left = max(self._ends - monotonic(), 0)
        options["lifetime"] = min(QUESTION_SECONDS, left)
        return super().resolve(*question, **options)
