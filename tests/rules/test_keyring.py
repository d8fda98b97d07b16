"""One master secret, one key for each use, and rotation without a broken code."""

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from codesvc.domain.keyring import Keyring, MasterKey

OLD, NEW = b"old " * 8, b"new " * 8


def test_every_use_has_a_key_of_its_own():
    key = MasterKey(NEW)
    uses = ["code", "proof", "key id", "page token", "shared secrets"]
    assert len({key.derive(use) for use in uses}) == len(uses)
    assert all(len(key.derive(use)) == 32 for use in uses)
    assert key.code_key == key.derive("code")
    assert key.code_key != MasterKey(OLD).code_key


def test_it_is_hkdf_of_rfc_5869():
    assert MasterKey(NEW).code_key == HKDF(SHA256(), 32, salt=None, info=b"codesvc v1 code").derive(NEW)


def test_the_proof_key_is_not_the_code_key():
    key = MasterKey(NEW)
    assert key.proof_key.private_bytes_raw() != key.code_key
    assert key.jwk["kid"] == key.key_id
    assert set(key.jwk) == {"kty", "crv", "alg", "use", "kid", "x"}


def test_a_key_id_fits_a_verification_id_and_names_one_key():
    ids = {MasterKey(bytes([n]) * 32).key_id for n in range(100)}
    assert len(ids) == 100
    assert all(len(i) == 4 and set(i) <= set("abcdefghijklmnopqrstuvwxyz234567") for i in ids)


def test_after_a_rotation_the_old_key_is_found_and_the_new_one_signs():
    before, after = Keyring(OLD), Keyring(NEW, [OLD])
    old_id = before.current.key_id
    assert after.current.key_id == MasterKey(NEW).key_id != old_id
    assert after.find(old_id).code_key == before.current.code_key
    assert Keyring(NEW).find(old_id) is None
    # itsdangerous signs with the last key.
    assert after.token_keys("page token")[-1] == MasterKey(NEW).derive("page token")
    assert before.token_keys("page token")[0] in after.token_keys("page token")
    assert {jwk["kid"] for jwk in after.jwks["keys"]} == {old_id, after.current.key_id}


def test_two_keys_of_one_id_are_refused():
    with pytest.raises(ValueError, match="same id"):
        Keyring(NEW, [NEW])


def test_no_secret_is_in_a_repr():
    for thing in (MasterKey(NEW), Keyring(NEW, [OLD])):
        assert "new" not in repr(thing)
        assert "old" not in repr(thing)
        assert "d" not in Keyring(NEW).jwks["keys"][0]
