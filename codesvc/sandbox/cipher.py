"""Signatures and AES of the callback (WECHAT.md 9.1, 9.3); golden vectors in WECHAT.md 16."""

import base64
import binascii
import hashlib
import hmac
import secrets
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_BLOCK = 32
_PREFIX = 16
_LENGTH = 4


class BadEnvelope(ValueError):
    """Encryption or signature of a received text is wrong; the message says which part."""


def sign(*parts: str) -> str:
    """Hex SHA-1 over the parts in plain string order (WECHAT.md 9.1)."""
    return hashlib.sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()


def check_signature(signature: str, *parts: str) -> bool:
    """Whether the signature is the one over the parts; compares in constant time."""
    return hmac.compare_digest(sign(*parts).encode(), signature.encode())


def decode_key(aes_key: str) -> bytes:
    """32 bytes from the 43 characters; spare bits of the last character are ignored (WECHAT.md 9.3)."""
    return base64.b64decode(aes_key + "=")


def encrypt(aes_key: str, appid: str, message: str | bytes, *, prefix: bytes | None = None) -> str:
    """Base64 of `random(16) || length || message || appid`, PKCS#7 to 32, AES-256-CBC (WECHAT.md 9.3).

    Args:
        aes_key: the EncodingAESKey, 43 characters.
        appid: is appended to the message; the receiver checks it.
        message: XML or any text; octets are taken as they are.
        prefix: the 16 random bytes; given only to reproduce a golden vector.
    """
    key = decode_key(aes_key)
    text = message.encode() if isinstance(message, str) else message
    head = secrets.token_hex(_PREFIX // 2).encode() if prefix is None else prefix
    plain = head + struct.pack(">I", len(text)) + text + appid.encode()
    count = _BLOCK - len(plain) % _BLOCK
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(encryptor.update(plain + bytes([count]) * count) + encryptor.finalize()).decode()


def decrypt(aes_key: str, appid: str, encrypted: str) -> str:
    """Decrypt a text made by `encrypt`, and check every part of it.

    Raises:
        BadEnvelope: base64, block size, padding, length, appid or UTF-8 is wrong.
    """
    key = decode_key(aes_key)
    try:
        raw = base64.b64decode(encrypted, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadEnvelope("Encrypt is not base64") from error
    if not raw or len(raw) % 16:
        raise BadEnvelope("Encrypt is not whole AES blocks")
    decryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
    padded = decryptor.update(raw) + decryptor.finalize()
    count = padded[-1]
    if not 1 <= count <= _BLOCK or count > len(padded) or padded[-count:] != bytes([count]) * count:
        raise BadEnvelope("padding is not PKCS#7 over 32 bytes")
    plain = padded[:-count]
    if len(plain) < _PREFIX + _LENGTH:
        raise BadEnvelope("the decrypted text is too short")
    length = struct.unpack(">I", plain[_PREFIX : _PREFIX + _LENGTH])[0]
    message, tail = plain[_PREFIX + _LENGTH :][:length], plain[_PREFIX + _LENGTH :][length:]
    if len(message) != length:
        raise BadEnvelope("the length is larger than the text")
    if not hmac.compare_digest(tail, appid.encode()):
        raise BadEnvelope("the appid at the end is not the account's")
    try:
        return message.decode()
    except UnicodeDecodeError as error:
        raise BadEnvelope("the decrypted text is not UTF-8") from error
