"""Serve an event store over gRPC: the address, who may call, and how a call ends.

Nobody waits for a slow client: an answer is made when gRPC's flow control has let the last one go.
Calls above a limit are refused at once, as the bounded appender refuses appends.
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final, NoReturn, TypeVar

import grpc
import msgspec

from eventstore.errors import ConfigError, EventStoreError, StoreUnavailable
from eventstore.grpc import eventstore_pb2 as pb
from eventstore.grpc.failures import DETAILS_KEY, code_of, details_to, failure_to
from eventstore.grpc.propagation import continued
from eventstore.grpc.service import Service
from eventstore.grpc.tokens import Right, TokenRefused, Tokens
from eventstore.store import EventStore

__all__ = ["SERVICE", "Certificate", "check_exposure", "serve"]

SERVICE: Final = "trueorder.eventstore.v1.EventStore"

CALLS_MAX: Final = 1_000
"""How many calls, subscriptions among them, one server answers at a time."""

REQUEST_BYTES_MAX: Final = 20 * 1024 * 1024
"""An append of 16 MiB, its ids, types and tags."""

_GRACE_SECONDS: Final = 2.0
_OPTIONS: Final = [
    ("grpc.max_receive_message_length", REQUEST_BYTES_MAX),
    ("grpc.so_reuseport", 0),
    # Our clients ask a silent connection every 20 s whether it is alive.
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
]
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_LOG: Final = logging.getLogger(__name__)

_Request = TypeVar("_Request")
_Response = TypeVar("_Response")


class Certificate(msgspec.Struct, frozen=True):
    """Files in PEM: the certificate chain that the server shows, and its private key."""

    chain: Path
    key: Path

    def credentials(self) -> grpc.ServerCredentials:
        """Read the files.

        Raises:
            ConfigError: one of them cannot be read, or they are no pair.
        """
        try:
            pair = (self.key.read_bytes(), self.chain.read_bytes())
            # gRPC would say of what it cannot use that it cannot listen.
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
                self.chain, self.key, password=_no_password
            )
        except ssl.SSLError as error:
            raise ConfigError(
                f"{self.chain} and {self.key} are no certificate in PEM and its private key "
                f"({error.reason or error})."
            ) from None
        except OSError as error:
            raise ConfigError(f"the certificate cannot be read: {error}.") from None
        return grpc.ssl_server_credentials([pair])


def _no_password() -> NoReturn:
    raise ConfigError("the private key is encrypted: give one that is not, readable by us only.")


def check_exposure(host: str, tokens: Tokens | None, certificate: Certificate | None) -> None:
    """Check that an address is not open to all.

    Raises:
        ConfigError: others can reach it, and it lacks tokens or a certificate.
    """
    if host not in _LOOPBACK and not (tokens and tokens.required and certificate):
        raise ConfigError(
            f"{host} can be reached by others: serve it with tokens and a certificate, or listen "
            "on 127.0.0.1 behind a proxy that does both."
        )


@asynccontextmanager
async def serve(
    store: EventStore,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    tokens: Tokens | None = None,
    certificate: Certificate | None = None,
    calls_max: int = CALLS_MAX,
) -> AsyncIterator[int]:
    """Serve a store for the length of an ``async with`` block; yields the port that is listened on.

    Port 0 takes a free one. Beyond the loopback it serves with a certificate and tokens only: what
    others can reach must know whom it talks to, and a token in the clear is everybody's.

    Raises:
        ConfigError: the address cannot be listened on, or would be open to all.
    """
    tokens = tokens or Tokens({})
    check_exposure(host, tokens, certificate)
    server = grpc.aio.server(options=_OPTIONS)
    server.add_generic_rpc_handlers((_handlers(Service(store), _Gate(tokens, calls_max)),))
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        if certificate is None:
            bound = server.add_insecure_port(address)
        else:
            bound = server.add_secure_port(address, certificate.credentials())
    except RuntimeError:
        raise ConfigError(f"{address} cannot be listened on: is something else there?") from None
    await server.start()
    try:
        yield bound
    finally:
        await server.stop(_GRACE_SECONDS)


class _Gate:
    """Lets a call in that has the right to it, as long as there are not too many."""

    def __init__(self, tokens: Tokens, calls_max: int) -> None:
        self._tokens = tokens
        self._calls_max = calls_max
        self._open = 0

    @contextmanager
    def entered(self, context: grpc.aio.ServicerContext[Any, Any], needed: Right) -> Iterator[None]:
        """Be in for the length of a ``with`` block.

        Raises:
            TokenRefused: the call has no token, or none with the right.
            StoreUnavailable: too many are in.
        """
        self._tokens.check(_authorization(context), needed)
        if self._open >= self._calls_max:
            raise StoreUnavailable(
                f"{self._calls_max} calls are open already, which is the server's limit: "
                "try again a little later."
            )
        self._open += 1
        try:
            yield
        finally:
            self._open -= 1


def _handlers(service: Service, gate: _Gate) -> grpc.GenericRpcHandler[Any, Any]:
    def unary(
        method: Callable[[_Request], Awaitable[_Response]],
        request: type[_Request],
        right: Right = Right.READ,
    ) -> grpc.RpcMethodHandler[_Request, _Response]:
        return grpc.unary_unary_rpc_method_handler(
            _answering(method, gate, right),
            request_deserializer=request.FromString,  # type: ignore[attr-defined]
            response_serializer=_serialized,
        )

    def streaming(
        method: Callable[[_Request], AsyncIterator[_Response]], request: type[_Request]
    ) -> grpc.RpcMethodHandler[_Request, _Response]:
        return grpc.unary_stream_rpc_method_handler(
            _streaming(method, gate),
            request_deserializer=request.FromString,  # type: ignore[attr-defined]
            response_serializer=_serialized,
        )

    return grpc.method_handlers_generic_handler(
        SERVICE,
        {
            "Append": unary(service.append, pb.AppendRequest, Right.APPEND),
            "Outcome": unary(service.outcome, pb.OutcomeRequest),
            "ReadStream": streaming(service.read_stream, pb.ReadStreamRequest),
            "ReadLog": streaming(service.read_log, pb.ReadLogRequest),
            "StreamVersion": unary(service.stream_version, pb.StreamVersionRequest),
            "Head": unary(service.head, pb.HeadRequest),
            "Epoch": unary(service.epoch, pb.EpochRequest),
            "WaitFor": unary(service.wait_for, pb.WaitForRequest),
            "Subscribe": streaming(service.subscribe, pb.SubscribeRequest),
        },
    )


def _serialized(message: Any) -> bytes:
    serialized: bytes = message.SerializeToString()
    return serialized


def _answering(
    method: Callable[[_Request], Awaitable[_Response]], gate: _Gate, right: Right
) -> Callable[[_Request, grpc.aio.ServicerContext[_Request, _Response]], Awaitable[_Response]]:
    async def call(
        request: _Request, context: grpc.aio.ServicerContext[_Request, _Response]
    ) -> _Response:
        try:
            with gate.entered(context, right), continued(context.invocation_metadata()):
                return await method(request)
        except Exception as error:  # noqa: BLE001 - a bug too must end the call with a status
            return await _end(context, error)

    return call


def _streaming(
    method: Callable[[_Request], AsyncIterator[_Response]], gate: _Gate
) -> Callable[[_Request, grpc.aio.ServicerContext[_Request, _Response]], AsyncIterator[_Response]]:
    async def call(
        request: _Request, context: grpc.aio.ServicerContext[_Request, _Response]
    ) -> AsyncIterator[_Response]:
        try:
            with gate.entered(context, Right.READ), continued(context.invocation_metadata()):
                async for response in method(request):
                    yield response
        except Exception as error:  # noqa: BLE001 - a bug too must end the call with a status
            await _end(context, error)

    return call


def _authorization(context: grpc.aio.ServicerContext[Any, Any]) -> str | None:
    for key, value in context.invocation_metadata() or ():
        if key == "authorization" and isinstance(value, str):
            return value
    return None


async def _end(context: grpc.aio.ServicerContext[Any, Any], error: Exception) -> NoReturn:
    """End a call with the status of an error; a bug's own words stay in our log."""
    match error:
        case EventStoreError():
            code, failure = code_of(error), failure_to(error)
        case TokenRefused():
            denied, unknown = grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.UNAUTHENTICATED
            code = denied if error.known else unknown
            failure = failure_to(ConfigError(str(error)))
        case _:
            _LOG.error("a call failed by a bug of ours", exc_info=error)
            code = grpc.StatusCode.INTERNAL
            failure = pb.Failure(
                error="InternalError", message="an internal error; the server's log says more."
            )
    details = details_to(code, failure)
    await context.abort(code, failure.message, ((DETAILS_KEY, details),))
