"""Who may call a server, and what a call without the right ends with."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import grpc
import pytest

from eventstore import ANY, ConfigError, StoreUnavailable, stream_name
from eventstore.grpc.client import GrpcEventStore
from eventstore.grpc.server import Certificate, serve
from eventstore.grpc.tokens import Right, TokenRefused, Tokens
from eventstore.memory import MemoryEventStore
from tests.support.stores import events

READER = "r" * 20
WRITER = "w" * 20
ORDER = stream_name("order-1")


def test_a_file_of_tokens(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    path.write_text(f"# who may call\n\nread {READER}\nappend {WRITER}\n")
    tokens = Tokens.read_from(path)
    assert tokens.required
    for right in Right:
        tokens.check(f"Bearer {WRITER}", right)
    tokens.check(f"Bearer {READER}", Right.READ)
    with pytest.raises(TokenRefused, match="not append") as refused:
        tokens.check(f"Bearer {READER}", Right.APPEND)
    assert refused.value.known


@pytest.mark.parametrize(
    "authorization", [None, "", READER, f"bearer {READER}", f"Bearer {READER}x", "Bearer é"]
)
def test_a_token_that_is_none(authorization: str | None) -> None:
    tokens = Tokens({READER: Right.READ})
    with pytest.raises(TokenRefused) as refused:
        tokens.check(authorization, Right.READ)
    assert not refused.value.known


def test_without_tokens_everybody_may_call() -> None:
    Tokens({}).check(None, Right.APPEND)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no token"),
        (f"read {READER}\nwrite {WRITER}\n", "line 2"),
        (f"{READER}\n", "line 1"),
        ("read short", "5 characters"),
        (f"read {READER} {WRITER}", "line 1"),
    ],
)
def test_a_file_that_cannot_be_used(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "tokens"
    path.write_text(text)
    with pytest.raises(ConfigError, match=words) as refused:
        Tokens.read_from(path)
    assert READER not in str(refused.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        Tokens.read_from(tmp_path / "tokens")


async def test_rights_on_a_server() -> None:
    store = MemoryEventStore()
    tokens = Tokens({READER: Right.READ, WRITER: Right.APPEND})
    async with serve(store, tokens=tokens) as port:
        url = f"grpc://127.0.0.1:{port}"
        async with GrpcEventStore.connect(url, token=WRITER) as writer:
            await writer.append(ORDER, events(1), expected=ANY)
        async with GrpcEventStore.connect(url, token=READER) as reader:
            assert len(await reader.read_log()) == 1
            assert (await anext(reader.subscribe())).position == 1
            with pytest.raises(ConfigError, match="may read and not append") as refused:
                await reader.append(ORDER, events(1), expected=ANY)
            assert refused.value.definite
        for token in (None, "x" * 20):
            with pytest.raises(ConfigError, match="token"):
                async with GrpcEventStore.connect(url, token=token):
                    pass
    assert await store.head() == 1


async def test_what_others_can_reach_needs_tokens_and_a_certificate(tmp_path: Path) -> None:
    for tokens in (None, Tokens({READER: Right.READ})):
        with pytest.raises(ConfigError, match="can be reached by others"):
            async with serve(MemoryEventStore(), host="0.0.0.0", tokens=tokens):  # noqa: S104
                pass
    missing = Certificate(chain=tmp_path / "chain", key=tmp_path / "key")
    with pytest.raises(ConfigError, match="certificate"):
        async with serve(MemoryEventStore(), certificate=missing):
            pass


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    if shutil.which("openssl") is None:
        pytest.skip("no openssl here to make a certificate with")
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "1", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", chain),
        ],
        check=True,
        capture_output=True,
    )
    return Certificate(chain=chain, key=key)


async def test_tls(certificate: Certificate) -> None:
    tokens = Tokens({WRITER: Right.APPEND})
    async with serve(
        MemoryEventStore(),
        host="0.0.0.0",  # noqa: S104
        tokens=tokens,
        certificate=certificate,
    ) as port:
        async with GrpcEventStore.connect(
            f"grpcs://localhost:{port}", token=WRITER, root_certificates=certificate.chain
        ) as store:
            assert (await store.append(ORDER, events(1), expected=ANY)).position == 1
        for url in (f"grpc://localhost:{port}", f"grpcs://localhost:{port}"):
            with pytest.raises(StoreUnavailable, match="TLS"):
                async with GrpcEventStore.connect(url, token=WRITER, timeout_seconds=0.5):
                    pass


def lock(key: Path, locked: Path) -> None:
    subprocess.run(
        ["openssl", "ec", "-aes256", "-passout", "pass:x", "-in", key, "-out", locked],
        check=True,
        capture_output=True,
    )


async def test_certificates_that_are_none(certificate: Certificate, tmp_path: Path) -> None:
    nonsense, locked = tmp_path / "nonsense.pem", tmp_path / "locked.pem"
    nonsense.write_text("hello\n")
    lock(certificate.key, locked)
    for chain, key, words in (
        (nonsense, certificate.key, "no certificate in PEM and its private key"),
        (certificate.chain, nonsense, "no certificate in PEM and its private key"),
        (certificate.chain, locked, "the private key is encrypted"),
        (certificate.chain, tmp_path / "missing", "missing"),
    ):
        with pytest.raises(ConfigError, match=words):
            async with serve(MemoryEventStore(), certificate=Certificate(chain=chain, key=key)):
                pass
    for roots, words in ((nonsense, "no certificate in PEM"), (tmp_path / "missing", "missing")):
        with pytest.raises(ConfigError, match=words):
            async with GrpcEventStore.connect("grpcs://localhost:1", root_certificates=roots):
                pass


async def test_a_status_that_any_client_understands() -> None:
    async with (
        serve(MemoryEventStore(), tokens=Tokens({READER: Right.READ})) as port,
        grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        untyped: Any = channel  # it sends and takes bytes
        head = untyped.unary_unary("/trueorder.eventstore.v1.EventStore/Head")
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await head(b"")
        assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
        append = untyped.unary_unary("/trueorder.eventstore.v1.EventStore/Append")
        with pytest.raises(grpc.aio.AioRpcError) as denied:
            await append(b"", metadata=(("authorization", f"Bearer {READER}"),))
        assert denied.value.code() is grpc.StatusCode.PERMISSION_DENIED
