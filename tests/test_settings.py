"""Settings stop the start by the name of what is wrong with them."""

import stat
from datetime import date

import pytest

from service.domain.errors import Misconfigured
from service.keys import keys, new_keys, own_keys
from service.settings import read


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_without_any_setting_the_defaults_hold():
    settings = read({})

    assert settings.database.url == ""
    assert settings.smtp.tls == "starttls"
    assert settings.secrets.keys.get_secret_value() == ""


def test_settings_come_from_the_environment():
    settings = read({"EVENTIDE_SMTP__PORT": "25", "PATH": "/bin"})

    assert settings.smtp.port == 25


def test_settings_come_from_dotenv_and_the_environment_has_the_last_word(tmp_path):
    (tmp_path / ".env").write_text(
        "EVENTIDE_SMTP__PORT=26\nEVENTIDE_SMTP__HOST=relay\nEMPTY\n"
    )

    settings = read({"EVENTIDE_SMTP__PORT": "25"})

    assert (settings.smtp.host, settings.smtp.port) == ("relay", 25)


def test_what_is_said_outright_comes_before_a_file(tmp_path):
    path = tmp_path / "host"
    path.write_text("from-a-file\n")
    file = {"EVENTIDE_SMTP__HOST_FILE": str(path)}

    hosts = [
        read(said).smtp.host
        for said in (
            {**file, "EVENTIDE_SMTP__HOST": "outright"},
            {**file, "EVENTIDE_SMTP__HOST": ""},
            {"EVENTIDE_SMTP__HOST": "outright", "EVENTIDE_SMTP__HOST_FILE": ""},
        )
    ]

    assert hosts == ["outright", "from-a-file", "outright"]


def test_the_pages_address_is_kept_without_a_slash_at_its_end():
    settings = read({"EVENTIDE_WEB__BASE_URL": "https://example.org/"})

    assert settings.web.base_url == "https://example.org"


def test_further_relays_come_as_a_list_that_may_be_in_a_file(tmp_path):
    path = tmp_path / "others"
    path.write_text('[{"host": "two", "weight": 3, "password": "hush"}]')

    settings = read(
        {"EVENTIDE_SMTP__OTHERS_FILE": str(path), "EVENTIDE_SMTP__WARM_UP": ""}
    )

    (other,) = settings.smtp.others
    assert (other.host, other.weight, other.rate) == ("two", 3, 0)
    assert other.password.get_secret_value() == "hush"
    assert "hush" not in repr(settings)


def test_the_first_day_of_a_new_sender_is_a_date():
    settings = read({"EVENTIDE_SMTP__WARM_UP": "2026-11-23"})

    assert settings.smtp.warm_up == date(2026, 11, 23)


def test_a_secret_may_be_in_a_file(tmp_path):
    (tmp_path / "password").write_text("hush\n")

    settings = read({"EVENTIDE_SMTP__PASSWORD_FILE": str(tmp_path / "password")})

    assert settings.smtp.password.get_secret_value() == "hush"
    assert "hush" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("EVENTIDE_SMTP__HOSTT", "x", "no such setting"),
        ("EVENTIDE_FOO__BAR", "x", "no such setting"),
        ("EVENTIDE_SMTP__PORT", "many", "valid integer"),
        ("EVENTIDE_SMTP__TLS", "maybe", "'none', 'starttls' or 'implicit'"),
        ("EVENTIDE_SMTP__RATE", "-1", "greater than or equal to 0"),
        ("EVENTIDE_SMTP__WARM_UP", "soon", "valid date"),
        ("EVENTIDE_SMTP__OTHERS", "relay2", "invalid JSON"),
        ("EVENTIDE_SMTP__OTHERS", '[{"prot": 25}]', "0: prot: no such setting"),
        ("EVENTIDE_WEB__BASE_URL", "example.org", "http:// or https://"),
        ("EVENTIDE_SMTP__PASSWORD_FILE", "/nowhere", "cannot read /nowhere"),
    ],
)
def test_a_bad_setting_is_named_in_one_line_with_the_remedy(name, value, words):
    with pytest.raises(Misconfigured) as caught:
        read({name: value})

    line = str(caught.value)
    assert line.startswith(f"setting {name.removesuffix('__BAR')}")
    assert words in line
    assert "\n" not in line


def test_fresh_keys_can_be_used():
    settings = read({"EVENTIDE_SECRETS__KEYS": new_keys(name="2026-11")})

    found = keys(settings.secrets)

    assert len(found.lookup) == 32
    assert list(found.seal) == ["2026-11"]
    assert len(found.link) == 1


def test_rotated_keys_come_newest_first():
    older, newer = new_keys(name="old").split(), new_keys(name="new").split()
    settings = read({"EVENTIDE_SECRETS__KEYS": " ".join([*newer[1:], *older])})

    found = keys(settings.secrets)

    assert list(found.seal) == ["new", "old"]


def test_a_link_key_is_ended_by_its_label():
    older, newer = new_keys(name="old").split(), new_keys(name="new").split()
    ended = older[2].replace("link.old=", "link.old.ended-2026-11-29=")
    settings = read({"EVENTIDE_SECRETS__KEYS": " ".join([*newer, ended])})

    found = keys(settings.secrets)

    assert found.link_names == ("new",)
    assert list(found.ended.values()) == [date(2026, 11, 29)]


ZEROS = "A" * 43 + "="


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "there is no lookup key"),
        ("lookup=abc", "entry 'lookup' is not a key of 32 bytes"),
        ("lookup=***", "entry 'lookup' is not a key"),
        ("colour=blue", "entry 'colour' is not a key"),
        (f"lookup={ZEROS}", "there is no seal key"),
        (f"link.1.ended-soon={ZEROS}", "'soon' is no day, as in `.ended-2026-11-29`"),
        (
            f"lookup={ZEROS} seal.1={ZEROS} link.1.ended-2026-11-29={ZEROS}",
            "there is no link key",
        ),
        (f"seal.1={ZEROS} seal.1={ZEROS}", "entry 'seal.1' is there twice"),
    ],
)
def test_missing_or_broken_keys_stop_the_start_and_say_how_to_make_them(text, words):
    with pytest.raises(Misconfigured) as caught:
        keys(read({"EVENTIDE_SECRETS__KEYS": text}).secrets)

    assert words in str(caught.value)
    assert "eventide keys" in str(caught.value)


def test_a_second_lookup_key_is_refused():
    lookup = new_keys(name="a").splitlines()[0].replace("lookup", "lookup.2")
    settings = read({"EVENTIDE_SECRETS__KEYS": f"{new_keys(name='a')} {lookup}"})

    with pytest.raises(Misconfigured, match="one lookup key"):
        keys(settings.secrets)


def test_own_keys_are_made_once_for_their_owner_alone(tmp_path):
    path = tmp_path / "data" / "keys"

    first, second = own_keys(path), own_keys(path)

    assert first == second
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert keys(first).lookup


def test_where_keys_cannot_be_kept_it_says_so(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(Misconfigured, match="cannot be kept"):
        own_keys(tmp_path / "file" / "keys")


@pytest.mark.parametrize("place", ["8024", "127.0.0.1:", ":8024", "127.0.0.1:99999"])
def test_where_bounces_are_listened_for_is_a_host_and_a_port(place):
    with pytest.raises(Misconfigured, match=r"LISTEN: is not HOST:PORT, as 127"):
        read({"EVENTIDE_BOUNCES__LISTEN": place})


@pytest.mark.parametrize("url", ["example.org", "https://exämple.org", "https://a b"])
def test_the_pages_address_is_one_that_can_stand_in_a_mail(url):
    with pytest.raises(Misconfigured, match="and hold no spaces or accents"):
        read({"EVENTIDE_WEB__BASE_URL": url})


@pytest.mark.parametrize("url", ["https://example.org/cramps/", "http://[::1]:8/a/b.c"])
def test_the_pages_may_live_below_a_path_of_a_host(url):
    settings = read({"EVENTIDE_WEB__BASE_URL": url})

    assert settings.web.base_url == url.rstrip("/")


@pytest.mark.parametrize(
    "end", ["?a=1", "/#top", "/a?b", "//a", "/a//b", "/..", "/a/../b", "/a%20b", "/a;b"]
)
def test_what_cannot_stand_before_every_path_is_no_pages_address(end):
    with pytest.raises(Misconfigured, match="must end with a plain path"):
        read({"EVENTIDE_WEB__BASE_URL": f"https://example.org{end}"})


@pytest.mark.parametrize(
    ("issuer", "kept"),
    [
        ("", ""),
        ("https://id.example.org/", "https://id.example.org"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    ],
)
def test_an_identity_provider_is_spoken_to_over_tls_or_on_this_machine(issuer, kept):
    assert read({"EVENTIDE_OIDC__ISSUER": issuer}).oidc.issuer == kept


def test_an_identity_provider_without_tls_elsewhere_stops_the_start():
    with pytest.raises(
        Misconfigured, match=r"EVENTIDE_OIDC__ISSUER: must start with https"
    ):
        read({"EVENTIDE_OIDC__ISSUER": "http://id.example.org"})


def test_proxies_are_names_addresses_and_networks():
    settings = read({"EVENTIDE_WEB__PROXIES": "caddy 172.18.0.0/16 ::1"})

    assert settings.web.proxies == ("caddy", "172.18.0.0/16", "::1")
    assert read({}).web.proxies == ("127.0.0.1", "::1")


@pytest.mark.parametrize("text", ["10.0.0", "172.18.0.1/16", "caddy *", "300.1.1.1"])
def test_a_slip_in_a_proxys_address_is_told(text):
    with pytest.raises(Misconfigured, match="not a name, an address or a network"):
        read({"EVENTIDE_WEB__PROXIES": text})


def test_networks_of_the_operator_are_networks():
    settings = read({"EVENTIDE_OPERATOR__NETWORKS": "192.0.2.0/24 2001:db8::/48"})

    assert [str(each) for each in settings.operator.networks] == [
        "192.0.2.0/24",
        "2001:db8::/48",
    ]
    assert read({"EVENTIDE_OPERATOR__NETWORKS": ""}).operator.networks == ()
    with pytest.raises(Misconfigured, match="EVENTIDE_OPERATOR__NETWORKS"):
        read({"EVENTIDE_OPERATOR__NETWORKS": "the clinic"})
