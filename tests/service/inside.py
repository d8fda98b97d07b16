"""What only the service itself can know; tests look it up to try what nobody should be able to do."""

from codesvc.domain import codes
from codesvc.domain.codes import VerificationId
from codesvc.web.context import SERVICES


def code_of(world, started):
    """The code of a verification, derived as the service does."""
    identifier = VerificationId.parse(started["id"])
    return codes.derive(world.app[SERVICES].keyring.find(identifier.key_id).code_key, identifier)
