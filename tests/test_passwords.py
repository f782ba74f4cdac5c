"""Passwords are kept as Argon2id hashes of the recommended strength."""

from argon2 import PasswordHasher

from service.passwords import Passwords

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


async def test_a_password_matches_its_hash_and_no_other():
    passwords = Passwords(QUICK)
    kept = await passwords.hash("seven quiet owls")

    assert await passwords.matches("seven quiet owls", kept)
    assert not await passwords.matches("seven quiet owl", kept)
    assert kept != await passwords.hash("seven quiet owls")


async def test_no_password_matches_where_none_was_kept_or_what_is_no_hash():
    passwords = Passwords(QUICK)

    assert not await passwords.matches("", "")
    assert not await passwords.matches("", "not a hash")


async def test_the_standard_is_argon2id_with_64_mib():
    passwords = Passwords()
    kept = await passwords.hash("x")

    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert not passwords.is_outdated(kept)
    assert passwords.is_outdated(await Passwords(QUICK).hash("x"))
