"""A head of the log under a signature: proof, kept elsewhere, of what the log was.

Whoever can write to the database as a superuser can also compute its chain of hashes again. He
cannot sign: a head that was signed (Ed25519, RFC 8032) and taken away fixes every event up to its
position, and a copy that is restored later, or the log itself, is held against it.

The signature is over the lines ``trueorder.head/1``, log, position, hash and time, each ended by a
newline, in UTF-8. Keys are PEM files as OpenSSL makes them: ``openssl genpkey -algorithm ed25519``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from eventstore.config import DEFAULT_LOG
from eventstore.errors import ConfigError
from eventstore.postgres.chain import GENESIS, Link
from eventstore.postgres.engine import TIMEOUT_SECONDS, check_schema, connect
from eventstore.postgres.queries import query
from eventstore.postgres.translate import read_failed
from eventstore.stream import Position

__all__ = [
    "SignedHead",
    "check_signature",
    "decode_head",
    "encode_head",
    "last_link",
    "private_key",
    "public_key",
    "sign",
]

FORMAT: Final = "trueorder.head/1"


class SignedHead(msgspec.Struct, frozen=True, kw_only=True):
    """A link of a log's chain, and who says so; ``hash`` and ``signature`` are in hexadecimal."""

    format: str = FORMAT
    log: str
    position: Position
    hash: str
    signed_at: str
    signature: str

    @property
    def link(self) -> Link:
        """The link that the chain must contain, for `verify_chain`."""
        return Link(position=self.position, events=0, hash=bytes.fromhex(self.hash))


def _utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def sign(
    link: Link, log: str, key: Ed25519PrivateKey, *, clock: Callable[[], dt.datetime] = _utc_now
) -> SignedHead:
    """Sign the last link of a log's chain."""
    signed_at = clock().isoformat(timespec="seconds")
    message = _message(log, link.position, link.hash.hex(), signed_at)
    return SignedHead(
        log=log,
        position=link.position,
        hash=link.hash.hex(),
        signed_at=signed_at,
        signature=key.sign(message).hex(),
    )


def check_signature(head: SignedHead, key: Ed25519PublicKey) -> bool:
    """Whether the owner of the key signed exactly this head."""
    message = _message(head.log, head.position, head.hash, head.signed_at)
    try:
        key.verify(bytes.fromhex(head.signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def encode_head(head: SignedHead) -> bytes:
    """Write a signed head as a JSON document."""
    return msgspec.json.format(msgspec.json.encode(head)) + b"\n"


def decode_head(document: bytes) -> SignedHead:
    """Read a signed head; its signature is not looked at.

    Raises:
        ConfigError: it is not a signed head.
    """
    try:
        head = msgspec.json.decode(document, type=SignedHead)
        size = len(bytes.fromhex(head.hash))
    except (ValueError, msgspec.MsgspecError) as error:
        raise ConfigError(f"this is not a signed head: {error}.") from error
    if head.format != FORMAT or size != len(GENESIS) or head.position < 0:
        raise ConfigError(f"this is not a signed head of the format {FORMAT}.")
    return head


def private_key(path: Path) -> Ed25519PrivateKey:
    """Read a private key from a PEM file without a password.

    Raises:
        ConfigError: there is none.
    """
    try:
        key = load_pem_private_key(_content(path), password=None)
    except (TypeError, ValueError, UnsupportedAlgorithm) as error:
        raise _no_key(path, "genpkey -algorithm ed25519") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise _no_key(path, "genpkey -algorithm ed25519")
    return key


def public_key(path: Path) -> Ed25519PublicKey:
    """Read a public key from a PEM file.

    Raises:
        ConfigError: there is none.
    """
    try:
        key = load_pem_public_key(_content(path))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _no_key(path, "pkey -pubout") from error
    if not isinstance(key, Ed25519PublicKey):
        raise _no_key(path, "pkey -pubout")
    return key


async def last_link(
    url: str, *, log: str = DEFAULT_LOG, timeout_seconds: float = TIMEOUT_SECONDS
) -> Link:
    """Return the last link of a log's chain: what is to be signed.

    Raises:
        ConfigError: the URL cannot be used.
        StoreUnavailable: no connection could be made.
        SchemaMismatch: the log is not migrated to the revision of this code.
        ReadFailed: no answer came.
    """
    connection = await connect(
        url, timeout_seconds=timeout_seconds, statement_seconds=timeout_seconds
    )
    try:
        await check_schema(connection, log)
        try:
            row = await connection.fetchrow(query("last_link", log))
        except Exception as error:
            raise read_failed(error) from error
    finally:
        connection.terminate()
    if row is None:
        return Link(position=Position(0), events=0, hash=GENESIS)
    return Link(position=Position(row["last_position"]), events=row["events"], hash=row["hash"])


def _message(log: str, position: int, digest: str, signed_at: str) -> bytes:
    lines = (FORMAT, log, str(position), digest, signed_at)
    return "".join(f"{line}\n" for line in lines).encode()


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror or error}.") from None


def _no_key(path: Path, command: str) -> ConfigError:
    return ConfigError(
        f"{path} holds no Ed25519 key in PEM without a password: `openssl {command}` writes one."
    )
