"""Signatures and the AES envelope of WeChat's callback (WECHAT.md 9.1 to 9.3).

The envelope is `random(16) || uint32_be(length) || message || appid`, padded to a multiple of 32 bytes with the number
of padding bytes, AES-256-CBC with the key's first 16 bytes as the initial vector, in base64. CBC does not authenticate:
the msg_signature must be checked before `decrypt` is called. Every fault of decryption has the same error, so that an
attacker cannot learn from the difference.
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
import struct
from collections.abc import Sequence

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC

from codesvc.wechat.errors import BadKeys, OtherAppid, WrongKey

_BLOCK = 32
_PREFIX = 16
_LENGTH = struct.Struct(">I")
_KEY = re.compile(r"[A-Za-z0-9+/]{43}")
_APPID = re.compile(rb"[A-Za-z0-9_]{2,64}")
_UNOPENED = "the envelope does not open with this account's keys"


def signature(*parts: str) -> str:
    """WeChat's signature, 40 hex digits: SHA-1 over the parts, sorted as plain strings (WECHAT.md 9.1)."""
    # A query can contain any text, including unpaired surrogates, which must fail to match instead of failing to
    # encode.
    joined = "".join(sorted(parts)).encode("utf-8", "surrogatepass")
    return hashlib.sha1(joined, usedforsecurity=False).hexdigest()


def matches(given: str, *parts: str) -> bool:
    """Whether `given` is the signature of `parts`, compared in constant time; any text may be given."""
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), signature(*parts).encode())


def decrypt(encrypt_b64: str, aes_keys: Sequence[str], appid: str) -> tuple[bytes, str]:
    """Decrypt an envelope with the current key, or with the previous one while keys are changed.

    Returns:
        The message, and the key that decrypted it. The reply must be encrypted with the same key.

    Raises:
        WrongKey: no key decrypts it.
        OtherAppid: it is for another appid. The text is the same for both.
        BadKeys: a key of ours is malformed.
    """
    keys = [(text, _key_bytes(text)) for text in aes_keys]
    elsewhere = False
    try:
        sealed = base64.b64decode(encrypt_b64, validate=True)
    except (binascii.Error, ValueError):
        sealed = b""
    if sealed and len(sealed) % _BLOCK == 0:
        for text, key in keys:
            opened = _open(sealed, key)
            if opened is None:
                continue
            message, tail = opened
            if tail == appid.encode():
                return message, text
            elsewhere = elsewhere or _APPID.fullmatch(tail) is not None
    raise (OtherAppid if elsewhere else WrongKey)(_UNOPENED)


def encrypt(plaintext: bytes, aes_key: str, appid: str, *, prefix: bytes | None = None) -> str:
    """Encrypt a message into an envelope, in base64.

    Args:
        plaintext: the message.
        aes_key: the 43 characters of EncodingAESKey.
        appid: placed at the end; the other side checks it.
        prefix: 16 bytes in place of random ones, only for published test vectors.

    Raises:
        BadKeys: the key is malformed.
    """
    key = _key_bytes(aes_key)
    head = secrets.token_bytes(_PREFIX) if prefix is None else prefix
    body = head + _LENGTH.pack(len(plaintext)) + plaintext + appid.encode()
    count = _BLOCK - len(body) % _BLOCK
    encryptor = _cipher(key).encryptor()
    sealed = encryptor.update(body + bytes([count]) * count) + encryptor.finalize()
    return base64.b64encode(sealed).decode()


def _key_bytes(text: str) -> bytes:
    if not _KEY.fullmatch(text):
        raise BadKeys("an AES key is 43 characters of base64")
    # The 43rd character contains two unused bits, which the console does not set to zero. Python's decoder ignores
    # them.
    return base64.b64decode(text + "=")


def _cipher(key: bytes) -> Cipher[CBC]:
    return Cipher(AES256(key), CBC(key[:16]))


def _open(sealed: bytes, key: bytes) -> tuple[bytes, bytes] | None:
    """The message and the appid at the end; None if the key does not fit."""
    decryptor = _cipher(key).decryptor()
    padded = decryptor.update(sealed) + decryptor.finalize()
    count = padded[-1]
    if not 1 <= count <= _BLOCK or padded[-count:] != bytes([count]) * count:
        return None
    body = padded[:-count]
    start = _PREFIX + _LENGTH.size
    if len(body) < start:
        return None
    (length,) = _LENGTH.unpack_from(body, _PREFIX)
    message, tail = body[start : start + length], body[start + length :]
    return (message, tail) if len(message) == length else None
