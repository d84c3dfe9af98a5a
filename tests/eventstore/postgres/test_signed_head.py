"""A signed head says what was signed, by whom, and nothing else passes for it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from eventstore import ABSENT, ConfigError, connect, stream_name
from eventstore.postgres.chain import GENESIS, Link, verify_chain
from eventstore.postgres.signed_head import (
    SignedHead,
    check_signature,
    decode_head,
    encode_head,
    last_link,
    private_key,
    public_key,
    sign,
)
from eventstore.stream import Position
from tests.support.stores import events

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
LINK = Link(position=Position(7), events=2, hash=bytes(range(32)))
NOON = dt.datetime(2026, 11, 24, 12, 0, tzinfo=dt.UTC)


def signed() -> SignedHead:
    return sign(LINK, "default", KEY, clock=lambda: NOON)


def test_what_is_signed_is_documented() -> None:
    message = (
        f"trueorder.head/1\ndefault\n7\n{LINK.hash.hex()}\n2026-11-24T12:00:00+00:00\n".encode()
    )
    assert bytes.fromhex(signed().signature) == KEY.sign(message)


def test_a_signed_head_survives_being_written() -> None:
    head = decode_head(encode_head(signed()))
    assert head == signed()
    assert check_signature(head, KEY.public_key())
    assert (head.link.position, head.link.hash) == (LINK.position, LINK.hash)


@pytest.mark.parametrize(
    "change",
    [
        {"log": "other"},
        {"position": 8},
        {"hash": GENESIS.hex()},
        {"signed_at": "2026-11-25T12:00:00+00:00"},
        {"signature": bytes(64).hex()},
        {"signature": "not hexadecimal"},
    ],
    ids=repr,
)
def test_anything_changed_is_not_signed(change: dict[str, object]) -> None:
    changed = msgspec.structs.replace(signed(), **change)
    assert not check_signature(changed, KEY.public_key())


def test_another_key_did_not_sign() -> None:
    assert not check_signature(signed(), Ed25519PrivateKey.generate().public_key())


@pytest.mark.parametrize(
    "change",
    [{"format": "trueorder.head/2"}, {"hash": "00"}, {"hash": "x"}, {"position": -1}],
    ids=repr,
)
def test_documents_that_are_none(change: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="not a signed head"):
        decode_head(encode_head(msgspec.structs.replace(signed(), **change)))
    with pytest.raises(ConfigError, match="not a signed head"):
        decode_head(b'{"format": "trueorder.head/1"}')


def test_keys_are_pem_files(tmp_path: Path) -> None:
    secret, public, wrong = (tmp_path / name for name in ("secret.pem", "public.pem", "wrong.pem"))
    pem = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    secret.write_bytes(KEY.private_bytes(*pem))
    public.write_bytes(
        KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    wrong.write_bytes(generate_private_key(SECP256R1()).private_bytes(*pem))
    head = sign(LINK, "default", private_key(secret))
    assert check_signature(head, public_key(public))
    for path in (public, wrong):
        with pytest.raises(ConfigError, match="no Ed25519 key"):
            private_key(path)
    for path in (secret, wrong):
        with pytest.raises(ConfigError, match="no Ed25519 key"):
            public_key(path)
    for read in (private_key, public_key):
        with pytest.raises(ConfigError, match=r"missing\.pem cannot be read: No such file"):
            read(tmp_path / "missing.pem")


@pytest.mark.stack
async def test_the_head_of_a_log_is_signed_and_found_again(store_url: str) -> None:
    assert await last_link(store_url) == Link(position=Position(0), events=0, hash=GENESIS)
    async with connect(store_url) as store:
        await store.append(stream_name("a-1"), events(3), expected=ABSENT)
        head = sign(await last_link(store_url), "default", KEY)
        await store.append(stream_name("b-1"), events(3), expected=ABSENT)
    assert head.position == 3
    assert (await verify_chain(store_url, expected=head.link)).fault is None
