"""An evening of three workers: one mail for everybody, whoever is killed or stopped."""

from collections import Counter

import pytest_asyncio

from tests.compose.deployment import ON_AN_ENGINE, Deployment, deployed, until

pytestmark = [*ON_AN_ENGINE]

WORKERS = 3
PEOPLE = 3000
#: As an operator would have it: a relay that takes so many a second, of all of them.
#: What a lost worker held is given to the others soon, so that nobody waits here.
SETTINGS = """
EVENTIDE_SMTP__RATE=200
EVENTIDE_SCHEDULE__LEASE_SECONDS=10
"""
#: So many have gone out when it is the middle of the evening.
EARLY, LATE = PEOPLE // 10, PEOPLE // 3
OPEN = ("due", "claimed", "sending")
#: A worker that is killed leaves at most two chunks of ten in each lane unknown.
MOST_UNKNOWN = 40


class Town:
    """Invented people, more of them each evening, and what became of their mails."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.people = 0
        self.mailed: Counter[str] = Counter()

    async def evening_comes(self) -> None:
        """So many more people are due now."""
        order = f"eventide seed --subscribers {PEOPLE} --due-now"
        await self.deployment.inside("web", order)
        self.people += PEOPLE

    async def ends(self) -> Counter[str]:
        """The states of all mails, once they settled; `mailed` knows who got how many."""
        states = await self.settles()
        self.mailed += Counter(mail.to for mail in await self.deployment.mails())
        await self.deployment.forgets_mails()
        return states

    async def settles(self) -> Counter[str]:
        """The states of all mails, once there is nothing left to do for any."""
        found: Counter[str] = Counter()

        async def is_settled() -> bool:
            found.clear()
            found.update(await self.deployment.states())
            is_all = found.total() == self.people
            return is_all and not any(found[state] for state in OPEN)

        await until(is_settled)
        return found

    async def is_at_work(self) -> bool:
        states = await self.deployment.states()
        return any(states[state] for state in OPEN)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def town(tmp_path_factory):
    async with deployed(tmp_path_factory.mktemp("town")) as deployment:
        (deployment.folder / "config" / "eventide.env").write_text(SETTINGS)
        await deployment.up(f"--scale=worker={WORKERS}")
        yield Town(deployment)


async def test_three_workers_send_everybody_exactly_one_mail(town):
    await town.evening_comes()

    assert await town.ends() == {"sent": PEOPLE}

    assert len(town.mailed) == PEOPLE
    assert set(town.mailed.values()) == {1}
    logged = await town.deployment.compose("logs", "worker")
    at_work = {line.split()[0] for line in logged.splitlines() if "delivered" in line}
    assert len(at_work) == WORKERS


async def test_whoever_is_killed_all_mails_settle_and_none_is_doubled(town):
    await town.evening_comes()
    await town.deployment.has_caught(EARLY)
    await town.deployment.crash("worker", index=2)
    await town.deployment.has_caught(LATE)
    await town.deployment.crash("db")
    await town.deployment.is_well()
    assert await town.is_at_work()

    states = await town.ends()

    assert set(states) <= {"sent", "unknown"}
    assert states["unknown"] <= MOST_UNKNOWN
    assert set(town.mailed.values()) == {1}
    assert states["sent"] <= len(town.mailed) <= town.people


async def test_down_while_sending_loses_nothing_and_doubles_nothing(town):
    before, known = len(town.mailed), await town.deployment.states()
    await town.evening_comes()
    await town.deployment.has_caught(EARLY)

    # The catcher stays: it is the witness, and no part of the service.
    ours = ("web", "worker", "migrate", "db", "secrets")
    await town.deployment.compose("down", *ours)
    assert await town.deployment.caught() < PEOPLE
    await town.deployment.up(f"--scale=worker={WORKERS}")

    states = await town.ends()
    assert states - known == {"sent": PEOPLE}
    assert len(town.mailed) - before == PEOPLE
    assert set(town.mailed.values()) == {1}
