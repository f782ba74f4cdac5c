"""Dockerfile and docker-compose.yml keep their promises before anything runs."""

import re
import tomllib

import pytest
import yaml
from dotenv import dotenv_values

from service.settings import HERE

COMPOSE = yaml.safe_load((HERE / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
DOCKERFILE = (HERE / "Dockerfile").read_text()
RELEASE = tomllib.loads((HERE / "pyproject.toml").read_text())["project"]["version"]
#: What they mount of the checkout: SOURCE:TARGET:OPTIONS.
MOUNTED = {
    name: [mount for mount in service.get("volumes", []) if str(mount)[:2] == "./"]
    for name, service in SERVICES.items()
}
#: Visitors and other mail servers come to them.
OUTSIDE = {"caddy", "relay"}


def test_the_image_says_which_release_it_is():
    assert f'image.version="{RELEASE}"' in DOCKERFILE


@pytest.mark.parametrize("name", SERVICES)
def test_what_was_started_on_files_of_a_release_starts_anew_on_those_of_the_next(name):
    configured = any(mount.startswith("./config/") for mount in MOUNTED[name])
    labels = SERVICES[name].get("labels", {})

    # The image is another with each release anyway.
    assert (labels == {"eventide.release": RELEASE}) == (
        configured and not _is_ours(SERVICES[name])
    )


@pytest.mark.parametrize("name", SERVICES)
def test_an_image_is_built_here_and_never_asked_for_or_names_its_version(name):
    service = SERVICES[name]
    built_here = service.get("pull_policy") == "never"

    assert built_here == _is_ours(service)
    assert built_here or re.search(r":v?\d", service["image"])


@pytest.mark.parametrize("name", SERVICES)
def test_every_mount_of_the_checkout_can_be_read_under_selinux(name):
    assert all("z" in mount.split(":")[-1].split(",") for mount in MOUNTED[name])


def test_caddy_alone_may_say_for_whom_it_asks():
    settings = dotenv_values(HERE / "config" / "compose.env", interpolate=False)

    assert settings["EVENTIDE_WEB__PROXIES"] == "caddy"
    assert "FORWARDED_ALLOW_IPS" not in (HERE / "docker-compose.yml").read_text()


@pytest.mark.parametrize("name", SERVICES)
def test_no_container_can_use_up_the_files_and_processes_of_its_machine(name):
    assert SERVICES[name]["ulimits"]["nofile"] == {"soft": 65536, "hard": 65536}
    assert SERVICES[name]["pids_limit"] == 512


def test_caddy_does_not_wait_for_half_a_request():
    caddyfile = (HERE / "config" / "Caddyfile").read_text()

    assert "read_header 10s" in caddyfile
    assert "read_body 30s" in caddyfile


def test_caddy_shows_nothing_from_inside_outside():
    caddyfile = (HERE / "config" / "Caddyfile").read_text()

    assert "@inside path /metrics /metrics/* /health /health/*" in caddyfile
    assert "respond @inside 404" in caddyfile
    assert "admin off" in caddyfile


def test_caddy_leads_no_program_on_that_posts_without_tls():
    caddyfile = (HERE / "config" / "Caddyfile").read_text()

    assert "auto_https disable_redirects" in caddyfile
    plain = caddyfile.partition("\nhttp:// {")[2].partition("\n}")[0]
    assert "redir @page https" in plain
    assert "@page method GET HEAD" in plain
    assert "respond 403" in plain


def test_the_image_holds_no_history_and_no_settings():
    copied = re.findall(r"^COPY (?!--from)(?:--\S+ )?(.+)$", DOCKERFILE, re.MULTILINE)
    ignored = (HERE / ".dockerignore").read_text().splitlines()

    assert not {"."} & {part for line in copied for part in line.split()[:-1]}
    assert ignored[1] == "*"
    assert not [line for line in ignored if line.startswith("!.") or ".git" in line]


def test_no_visitor_of_the_pages_comes_with_the_address_of_the_engine():
    # A network without IPv6 hides whoever comes by it.
    assert "enable_ipv6" not in COMPOSE["networks"].get("default", {})

    assert all(port.startswith("0.0.0.0:") for port in SERVICES["caddy"]["ports"])


def test_every_variable_that_may_be_set_is_explained():
    text = (HERE / "docker-compose.yml").read_text()
    docs = "".join(
        (HERE / "docs" / page).read_text()
        for page in ("install.md", "monitoring.md", "relays.md")
    )

    for variable in set(re.findall(r"\$\{(\w+)", text)):
        assert f"`{variable}`" in docs, variable


def test_alerts_are_handed_to_the_relay_where_it_takes_them():
    relay = (HERE / "config/relay/Dockerfile").read_text()
    told = (HERE / "docs/monitoring.md").read_text()

    ports = re.findall(r"`relay:(\d+)`", told)
    assert ports == re.findall(r"RELAY_SUBMISSION=0\.0\.0\.0:(\d+)", relay)


def test_a_worker_on_a_machine_of_its_own_runs_like_the_others():
    told = (HERE / "docs/scaling.md").read_text()
    recipe = re.search(r"```yaml\n(name: .*?)```", told, re.DOTALL)
    assert recipe
    (alone,) = yaml.safe_load(recipe[1])["services"].values()
    worker = SERVICES["worker"]

    # Where its neighbours and its files are is another matter.
    elsewhere = {"depends_on", "networks", "environment", "env_file", "volumes"}
    assert {key: alone[key] for key in alone.keys() - elsewhere} == {
        key: worker[key] for key in worker.keys() - elsewhere
    }
    assert alone["environment"].items() <= worker["environment"].items()


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
        for name, service in SERVICES.items()
        if service["image"].startswith("${IMAGE:")
    ]
    mounts = {name: " ".join(map(str, SERVICES[name]["volumes"])) for name in readers}

    assert {n for n, m in mounts.items() if ":/run/secrets:ro" not in m} == {"secrets"}


def _is_ours(service):
    return service["image"].startswith("${")
