"""A release is put over the one before it, with the people that it had."""

import asyncio
import subprocess
from pathlib import Path

import pytest_asyncio

from service.settings import HERE
from service.store.migrate import head
from tests.compose.deployment import ON_AN_ENGINE, Deployment, deployed

pytestmark = [*ON_AN_ENGINE]

PEOPLE = 40
MIGRATIONS = HERE / "service" / "store" / "migrations" / "versions"
#: The release before, on what this one stands on: its lock has all that was in the other.
BEFORE = """
FROM {image}
USER root
RUN rm -r service config templates
COPY . /opt/eventide
USER 10001:10001
"""


def git(*arguments: str | Path) -> bytes:
    order = ("git", *arguments)
    return subprocess.run(order, cwd=HERE, check=True, capture_output=True).stdout


def release_before() -> str:
    """The commit before the one that brought the newest migration."""
    (newest,) = MIGRATIONS.glob(f"{head()}_*.py")
    brought = git("log", "--diff-filter=A", "--format=%H", "--", newest).decode()
    return f"{brought.split()[-1]}^"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def deployment(tmp_path_factory):
    async with deployed(tmp_path_factory.mktemp("upgrade")) as found:
        yield found


async def image_of(commit: str, deployment: Deployment, folder: Path) -> str:
    """The image of an older release."""
    which = (commit, "service", "config", "templates")
    pack = await asyncio.to_thread(git, "archive", *which)
    unpack = ["tar", "--extract", "--directory", str(folder)]
    await asyncio.to_thread(subprocess.run, unpack, input=pack, check=True)
    image = deployment.variables["IMAGE"]
    (folder / "Dockerfile").write_text(BEFORE.format(image=image))
    await deployment.run("docker", "build", "--quiet", f"--tag={image}:before", folder)
    return f"{image}:before"


async def test_the_next_release_migrates_and_keeps_everybody(deployment, tmp_path):
    before = await image_of(release_before(), deployment, tmp_path)
    await deployment.up("db")
    # What that release knew of: it refuses settings that it does not.
    as_before = ("env", "--unset=EVENTIDE_WORKER__LISTEN", "eventide")
    for command in (("migrate",), ("seed", f"--subscribers={PEOPLE}")):
        await deployment.run(
            *("compose", deployment.folder, "run", "--rm", "--no-deps", "migrate"),
            *(*as_before, *command),
            IMAGE=before,
        )
    was = await deployment.sql("SELECT version_num FROM alembic_version")
    await deployment.run("docker", "image", "rm", before)

    await deployment.up()

    assert was < await deployment.sql("SELECT version_num FROM alembic_version")
    assert await deployment.sql("SELECT version_num FROM alembic_version") == head()
    people = "SELECT count(*) FROM subscriber JOIN schedule ON subscriber_id = id"
    assert await deployment.sql(people) == str(PEOPLE)
    assert f"{head()}" in await deployment.compose("logs", "migrate")
