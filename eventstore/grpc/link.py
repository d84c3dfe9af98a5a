"""A connection to a server of the contract: its calls, and what their failures mean."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import grpc
from google.protobuf.message import Message

from eventstore.errors import (
    ConfigError,
    EventStoreError,
    OutcomeUnknown,
    ReadFailed,
    StoreUnavailable,
)
from eventstore.grpc.failures import DETAILS_KEY, Asked, error_of, failure_from
from eventstore.grpc.propagation import trace_metadata

__all__ = ["NOTHING", "Link", "failed"]

_Answer = TypeVar("_Answer", bound=Message)

_SERVICE: Final = "trueorder.eventstore.v1.EventStore"
_FORM: Final = "grpc://HOST:PORT, or grpcs://HOST:PORT with TLS"

_OPTIONS: Final = [
    # Whether a call may be sent again is decided here, by what the errors say.
    ("grpc.enable_retries", 0),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    # A subscription may be silent for hours: a server that is gone must be noticed all the same.
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
]

NOTHING: Final = Asked()


class Link:
    """A channel to one server. It reconnects by itself; a call is sent once and never again."""

    def __init__(
        self, channel: grpc.aio.Channel, server: str, token: str | None, timeout_seconds: float
    ) -> None:
        self._channel = channel
        self._server = server
        self._metadata: tuple[tuple[str, str], ...] = (
            (("authorization", f"Bearer {token}"),) if token else ()
        )
        self._timeout_seconds = timeout_seconds

    @classmethod
    @asynccontextmanager
    async def open(
        cls, url: str, *, token: str | None, root_certificates: Path | None, timeout_seconds: float
    ) -> AsyncIterator[Link]:
        """Open a channel; the connection is made when the first call is.

        Raises:
            ConfigError: the URL, the file or the token cannot be used.
        """
        parts = urlsplit(url)
        if parts.scheme not in {"grpc", "grpcs"} or not parts.netloc or parts.path.strip("/"):
            raise ConfigError(f"the URL of the server cannot be read: it takes {_FORM}.")
        if "@" in parts.netloc:
            raise ConfigError(f"a token is given by itself, not in the URL, which takes {_FORM}.")
        if token is not None and not (token.isascii() and token.isprintable()):
            raise ConfigError("the token has a character that no token has.")
        if parts.scheme == "grpcs":
            channel = await _secure_channel(parts.netloc, root_certificates)
        elif root_certificates is None:
            channel = grpc.aio.insecure_channel(parts.netloc, options=_OPTIONS)
        else:
            raise ConfigError("root certificates are for grpcs:// URLs.")
        try:
            yield cls(channel, parts.netloc, token, timeout_seconds)
        finally:
            await channel.close(None)

    async def ask(
        self,
        method: str,
        request: Message,
        answer: type[_Answer],
        *,
        asked: Asked = NOTHING,
        seconds: float = 0.0,
    ) -> _Answer:
        """Make one call that has one answer; ``seconds`` more than usual may pass until then.

        Raises:
            EventStoreError: what the server's store raised, or what is known without an answer.
        """
        await self._reach()
        call = self._channel.unary_unary(
            f"/{_SERVICE}/{method}",
            request_serializer=type(request).SerializeToString,
            response_deserializer=answer.FromString,
        )
        limit = self._timeout_seconds + seconds
        try:
            answered: _Answer = await call(request, timeout=limit, metadata=self._sent_with())
        except grpc.aio.AioRpcError as error:
            raise failed(error, asked) from error
        return answered

    async def stream(
        self, method: str, request: Message, answer: type[_Answer], *, limited: bool = True
    ) -> grpc.aio.UnaryStreamCall[Message, _Answer]:
        """Begin one call that has many answers; without an end if it is not ``limited``.

        Raises:
            StoreUnavailable: there is no connection.
        """
        await self._reach()
        call = self._channel.unary_stream(
            f"/{_SERVICE}/{method}",
            request_serializer=type(request).SerializeToString,
            response_deserializer=answer.FromString,
        )
        limit = self._timeout_seconds if limited else None
        return call(request, timeout=limit, metadata=self._sent_with())

    def _sent_with(self) -> tuple[tuple[str, str], ...]:
        return self._metadata + trace_metadata()

    async def _reach(self) -> None:
        """Wait for a connection: what is sent without one would have an unknown outcome."""
        try:
            async with asyncio.timeout(self._timeout_seconds):
                await self._channel.channel_ready()
        except TimeoutError:
            raise StoreUnavailable(
                f"no connection to {self._server} within the time limit: is `eventstore serve` "
                "running there, is TLS used by both or by none, and is its certificate one of this "
                "host, from who is trusted here?"
            ) from None


async def _secure_channel(address: str, roots: Path | None) -> grpc.aio.Channel:
    try:
        trusted = await asyncio.to_thread(roots.read_bytes) if roots else None
    except OSError as error:
        raise ConfigError(f"the root certificates cannot be read: {error}.") from None
    if trusted is not None:
        try:
            ssl.create_default_context(cadata=trusted.decode("ascii", "replace"))
        except ssl.SSLError:
            raise ConfigError(f"{roots} holds no certificate in PEM.") from None
    credentials = grpc.ssl_channel_credentials(trusted)
    return grpc.aio.secure_channel(address, credentials, options=_OPTIONS)


def failed(error: grpc.aio.AioRpcError, asked: Asked = NOTHING) -> EventStoreError:
    """Say what a call that failed means: what the server said of it, else what can be known."""
    metadata: Any = error.trailing_metadata()
    for key, value in metadata or ():
        failure = failure_from(value) if key == DETAILS_KEY else None
        if failure is not None:
            return error_of(failure, asked)
    reason = f"{error.code().name}: {error.details() or 'no answer'}"
    if asked.writes:
        return OutcomeUnknown(asked.writes[0].stream, reason)
    return ReadFailed(f"the call got no answer ({reason}): it can be repeated at any time.")
