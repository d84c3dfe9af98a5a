"""The event store over gRPC: `eventstore.proto` is the contract, for clients in any language.

`server` serves any `EventStore`; `client` is one, so code that has a store does not know where it
is. Both need the extra ``grpc``.
"""
