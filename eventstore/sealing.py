"""Sealing values: AES-256-GCM under keys of their own, which are kept wrapped. No I/O.

Two kinds of keys. A *data key* belongs to one subject and seals its values. A *master key* belongs
to the operator, is never in the database, and wraps the data keys; so a copy of the database alone
opens nothing.

A box is a version byte, a random nonce of 96 bits, and what AES-GCM makes of the plaintext (NIST SP
800-38D); what it is for (subject, event, place) is authenticated with it, so that a box cannot be
moved to another place. A wrapped key begins with the name of its master key.
"""

from __future__ import annotations

import binascii
import secrets
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from eventstore.errors import ConfigError

__all__ = ["KEY_BYTES", "BoxBroken", "MasterKeys", "new_data_key", "open_box", "seal"]

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_VERSION: Final = b"\x01"
_NAME_BYTES_MAX: Final = 64

RandomBytes = Callable[[int], bytes]


class BoxBroken(ValueError):
    """A box does not open: it was changed or moved, or the key is not the one it was sealed by."""


def new_data_key(random_bytes: RandomBytes = secrets.token_bytes) -> bytes:
    """Make the key of a subject."""
    return random_bytes(KEY_BYTES)


def seal(
    key: bytes,
    plaintext: bytes,
    purpose: list[str],
    random_bytes: RandomBytes = secrets.token_bytes,
) -> bytes:
    """Seal a plaintext for a purpose; the same purpose opens it."""
    nonce = random_bytes(_NONCE_BYTES)
    return _VERSION + nonce + AESGCM(key).encrypt(nonce, plaintext, _authenticated(purpose))


def open_box(key: bytes, box: bytes, purpose: list[str]) -> bytes:
    """Open a box.

    Raises:
        BoxBroken: it cannot be opened by this key for this purpose.
    """
    if box[:1] != _VERSION:
        raise BoxBroken("it is of another version of the format")
    nonce, sealed = box[1 : 1 + _NONCE_BYTES], box[1 + _NONCE_BYTES :]
    try:
        return AESGCM(key).decrypt(nonce, sealed, _authenticated(purpose))
    except (InvalidTag, ValueError) as error:
        raise BoxBroken("it was changed or moved, or sealed by another key") from error


def _authenticated(purpose: list[str]) -> bytes:
    return msgspec.json.encode(purpose)


class MasterKeys:
    """The operator's keys: the first wraps, all unwrap; so a key is replaced by a new first one."""

    def __init__(self, keys: dict[str, bytes]) -> None:
        """Take the keys by name, the current one first.

        Raises:
            ConfigError: there are none, or one is not a name and 32 bytes.
        """
        if not keys:
            raise ConfigError("there is no master key: give at least one.")
        for name, key in keys.items():
            if not name.isprintable() or not 1 <= len(name.encode()) <= _NAME_BYTES_MAX:
                raise ConfigError(
                    f"a master key is named by 1 to {_NAME_BYTES_MAX} bytes of printable text."
                )
            if len(key) != KEY_BYTES:
                raise ConfigError(f"master key {name!r} has {len(key)} bytes, not {KEY_BYTES}.")
        self._keys = keys
        self.current = next(iter(keys))

    @classmethod
    def parse(cls, text: str) -> MasterKeys:
        """Read the lines of a key file: a name and a key in base64; ``#`` begins a comment.

        Raises:
            ConfigError: names the line that is none; never quotes a key.
        """
        keys: dict[str, bytes] = {}
        for number, line in enumerate(text.splitlines(), 1):
            words = line.partition("#")[0].split()
            if not words:
                continue
            try:
                name, encoded = words
                key = b64decode(encoded, validate=True)
            except (ValueError, binascii.Error):
                raise ConfigError(
                    f"the key file's line {number} is not a name and a key in base64."
                ) from None
            if name in keys:
                raise ConfigError(f"the key file's line {number} names {name!r} again.")
            keys[name] = key
        return cls(keys)

    @staticmethod
    def new_line(name: str, random_bytes: RandomBytes = secrets.token_bytes) -> str:
        """Make a line for a key file, with a new key."""
        return f"{name} {b64encode(random_bytes(KEY_BYTES)).decode()}"

    def wrap(self, key: bytes, subject: str) -> bytes:
        """Wrap the key of a subject by the current master key."""
        name = self.current.encode()
        purpose = ["key", self.current, subject]
        return bytes([len(name)]) + name + seal(self._keys[self.current], key, purpose)

    def unwrap(self, wrapped: bytes, subject: str) -> bytes:
        """Unwrap the key of a subject.

        Raises:
            BoxBroken: its master key is not here, or it is of another subject.
        """
        name = self.wrapped_by(wrapped)
        if name not in self._keys:
            raise BoxBroken(f"it is wrapped by master key {name!r}, which is not given")
        return open_box(self._keys[name], wrapped[1 + wrapped[0] :], ["key", name, subject])

    @staticmethod
    def wrapped_by(wrapped: bytes) -> str:
        """Return the name of the master key that a key is wrapped by."""
        return wrapped[1 : 1 + wrapped[0]].decode(errors="replace") if wrapped else ""
