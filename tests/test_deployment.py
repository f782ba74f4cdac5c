"""Dockerfile and docker-compose.yml keep their promises before anything runs."""

import re
import tomllib

import pytest
import yaml

from service.settings import HERE

COMPOSE = yaml.safe_load((HERE / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
DOCKERFILE = (HERE / "Dockerfile").read_text()
#: Visitors and other mail servers come to them.
OUTSIDE = {"caddy", "relay"}


def test_the_image_says_which_release_it_is():
    project = tomllib.loads((HERE / "pyproject.toml").read_text())["project"]

    assert f'image.version="{project["version"]}"' in DOCKERFILE


def test_only_what_serves_visitors_listens_beyond_this_machine():
    listening = {
        name: port
        for name, service in SERVICES.items()
        for port in service.get("ports", [])
        if not str(port).startswith("127.0.0.1:")
    }

    assert listening.keys() <= OUTSIDE


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_is_held_in_bounds(name):
    service = SERVICES[name]

    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is True
    assert service["init"] is True
    assert "mem_limit" in service
    assert "max-size" in service["logging"]["options"]


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_says_how_it_is_or_comes_to_an_end(name):
    service = SERVICES[name]

    assert ("healthcheck" in service) == (service["restart"] != "no")


@pytest.mark.parametrize("name", SERVICES)
def test_nothing_starts_before_what_it_needs_is_ready(name):
    for needed, how in SERVICES[name].get("depends_on", {}).items():
        ends = SERVICES[needed]["restart"] == "no"
        ready = "service_completed_successfully" if ends else "service_healthy"
        assert how["condition"] == ready


def test_no_secret_has_a_default():
    text = (HERE / "docker-compose.yml").read_text()

    assert not re.search(r"PASSWORD:|KEYS:|SECRET:", text)


def test_one_service_builds_and_the_others_use_what_it_built():
    building = [name for name, service in SERVICES.items() if "build" in service]
    image = SERVICES["secrets"]["image"]

    assert "secrets" in building
    assert {SERVICES[name]["image"] for name in ("migrate", "web", "worker")} == {image}


def test_whoever_reads_the_settings_finds_the_passwords_that_they_name():
    readers = [
        name
        for name, s in SERVICES.items()
        if s.get("image", "").startswith("${IMAGE:")
    ]
    mounts = {name: " ".join(map(str, SERVICES[name]["volumes"])) for name in readers}

    assert {n for n, m in mounts.items() if ":/run/secrets:ro" not in m} == {"secrets"}
