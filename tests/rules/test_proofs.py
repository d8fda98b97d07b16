"""Proofs: genuine, for one site, and nothing that a forger could talk into being one."""

from base64 import urlsafe_b64encode

import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from codesvc.domain.keyring import Keyring
from codesvc.domain.proof import Proofs
from codesvc.domain.verification import Basis, Status
from tests.rules.records import a_record

KEYRING = Keyring(b"proof " * 8)
ISSUER = "https://codes.example"
PROOFS = Proofs(ISSUER, KEYRING)
APPROVED = replace(
    a_record(site="shop", user="alice", purpose="reset"),
    status=Status.APPROVED,
    approved=1_700_000_000_999,
    basis=Basis.BOUND,
)


def test_what_is_minted_is_read_back():
    claims = PROOFS.read(PROOFS.mint(APPROVED), audience="shop")
    assert claims.verification == APPROVED.id
    assert claims.basis == "bound"
    assert {name: claims.raw[name] for name in ("iss", "aud", "sub", "purpose", "vf", "iat", "exp")} == {
        "iss": ISSUER,
        "aud": "shop",
        "sub": "alice",
        "purpose": "reset",
        "vf": APPROVED.id,
        "iat": 1_700_000_000,
        "exp": 1_700_000_600,
    }
    assert set(claims.raw) == {"iss", "aud", "sub", "purpose", "vf", "basis", "iat", "exp", "jti"}


def test_it_is_the_same_proof_every_time_and_another_for_another_verification():
    assert PROOFS.mint(APPROVED) == PROOFS.mint(APPROVED)
    other = replace(APPROVED, id=APPROVED.id[:-1] + "b")
    jtis = {PROOFS.read(PROOFS.mint(record), audience="shop").raw["jti"] for record in (APPROVED, other)}
    assert len(jtis) == 2


def test_a_site_can_read_it_offline_with_the_published_keys():
    [key] = jwt.PyJWKSet.from_dict(KEYRING.jwks).keys
    options = {"verify_exp": False}
    claims = jwt.decode(PROOFS.mint(APPROVED), key, algorithms=["EdDSA"], audience="shop", options=options)
    assert claims["vf"] == APPROVED.id


@pytest.mark.parametrize("change", [{"approved": None}, {"basis": None}])
def test_only_an_approved_verification_has_one(change):
    with pytest.raises(ValueError, match="only an approved"):
        PROOFS.mint(replace(APPROVED, **change))


def forge(key, algorithm, **changes):
    kid = changes.pop("kid", KEYRING.current.key_id)
    claims = jwt.decode(PROOFS.mint(APPROVED), options={"verify_signature": False}) | changes
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": kid})


OURS, THEIRS = KEYRING.current.proof_key, Ed25519PrivateKey.generate()
PUBLIC = urlsafe_b64encode(OURS.public_key().public_bytes_raw())


def test_the_forge_would_make_a_good_one():
    assert PROOFS.read(forge(OURS, "EdDSA"), audience="shop")


@pytest.mark.parametrize(
    "forged",
    [
        forge(None, "none"),
        forge(None, "none", kid=""),
        forge(THEIRS, "EdDSA"),
        forge(THEIRS, "EdDSA", kid="zzzz"),
        forge(OURS, "EdDSA", kid="zzzz"),
        forge(PUBLIC, "HS256"),
        forge(OURS, "EdDSA", aud="cafe"),
        forge(OURS, "EdDSA", iss="https://codes.example.evil"),
        *(forge(OURS, "EdDSA", **{name: None}) for name in ("vf", "basis", "jti", "sub", "purpose", "iat", "exp")),
        forge(OURS, "EdDSA", aud=None),
        forge(OURS, "EdDSA", iss=None),
        PROOFS.mint(APPROVED)[:-4],
        PROOFS.mint(APPROVED).replace(".", "..", 1),
        Proofs(ISSUER, Keyring(b"other " * 8)).mint(APPROVED),
        "",
        "a.b.c",
        "eyJhbGciOiJFZERTQSIsImtpZCI6W119.e30.AA",
        "\0" * 10,
        "é.é.é",
    ],
)
def test_a_forged_one_is_none(forged):
    assert PROOFS.read(forged, audience="shop") is None


def test_another_sites_is_none():
    assert PROOFS.read(PROOFS.mint(APPROVED), audience="cafe") is None


@given(st.data())
def test_no_change_of_a_character_goes_unseen(data):
    proof = PROOFS.mint(APPROVED)
    signed = proof.rindex(".")
    place = data.draw(st.integers(0, signed - 1))
    letter = data.draw(st.sampled_from("ABCabc019-_.").filter(lambda c: c != proof[place]))
    assert PROOFS.read(proof[:place] + letter + proof[place + 1 :], audience="shop") is None


@given(st.text(max_size=200) | st.binary(max_size=120).map(lambda b: ".".join([urlsafe_b64encode(b).decode()] * 3)))
def test_any_text_can_be_looked_at(text):
    assert PROOFS.read(text, audience="shop") is None


def test_proofs_survive_a_rotation_as_long_as_the_old_key_is_kept():
    proof = PROOFS.mint(APPROVED)
    assert Proofs(ISSUER, Keyring(b"newer " * 8, [b"proof " * 8])).read(proof, audience="shop")
    assert Proofs(ISSUER, Keyring(b"newer " * 8)).read(proof, audience="shop") is None


def test_neither_claims_nor_a_record_print_who_it_is():
    claims = PROOFS.read(PROOFS.mint(APPROVED), audience="shop")
    for thing in (claims, APPROVED):
        assert "alice" not in repr(thing)
        assert "openid" not in repr(thing)
    assert msgspec.json.encode(claims.raw)
