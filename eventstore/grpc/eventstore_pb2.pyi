import datetime

from google.protobuf import any_pb2 as _any_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Event(_message.Message):
    __slots__ = ("id", "type", "data", "metadata", "tags")
    ID_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    id: bytes
    type: str
    data: bytes
    metadata: bytes
    tags: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, id: _Optional[bytes] = ..., type: _Optional[str] = ..., data: _Optional[bytes] = ..., metadata: _Optional[bytes] = ..., tags: _Optional[_Iterable[str]] = ...) -> None: ...

class RecordedEvent(_message.Message):
    __slots__ = ("event", "stream", "version", "position", "recorded_at")
    EVENT_FIELD_NUMBER: _ClassVar[int]
    STREAM_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    RECORDED_AT_FIELD_NUMBER: _ClassVar[int]
    event: Event
    stream: str
    version: int
    position: int
    recorded_at: _timestamp_pb2.Timestamp
    def __init__(self, event: _Optional[_Union[Event, _Mapping]] = ..., stream: _Optional[str] = ..., version: _Optional[int] = ..., position: _Optional[int] = ..., recorded_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Expected(_message.Message):
    __slots__ = ("version", "any", "exists", "absent")
    class Any(_message.Message):
        __slots__ = ()
        def __init__(self) -> None: ...
    class Exists(_message.Message):
        __slots__ = ()
        def __init__(self) -> None: ...
    class Absent(_message.Message):
        __slots__ = ()
        def __init__(self) -> None: ...
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ANY_FIELD_NUMBER: _ClassVar[int]
    EXISTS_FIELD_NUMBER: _ClassVar[int]
    ABSENT_FIELD_NUMBER: _ClassVar[int]
    version: int
    any: Expected.Any
    exists: Expected.Exists
    absent: Expected.Absent
    def __init__(self, version: _Optional[int] = ..., any: _Optional[_Union[Expected.Any, _Mapping]] = ..., exists: _Optional[_Union[Expected.Exists, _Mapping]] = ..., absent: _Optional[_Union[Expected.Absent, _Mapping]] = ...) -> None: ...

class QueryItem(_message.Message):
    __slots__ = ("categories", "types", "tags")
    CATEGORIES_FIELD_NUMBER: _ClassVar[int]
    TYPES_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    categories: _containers.RepeatedScalarFieldContainer[str]
    types: _containers.RepeatedScalarFieldContainer[str]
    tags: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, categories: _Optional[_Iterable[str]] = ..., types: _Optional[_Iterable[str]] = ..., tags: _Optional[_Iterable[str]] = ...) -> None: ...

class Query(_message.Message):
    __slots__ = ("items",)
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[QueryItem]
    def __init__(self, items: _Optional[_Iterable[_Union[QueryItem, _Mapping]]] = ...) -> None: ...

class Boundary(_message.Message):
    __slots__ = ("query", "after")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    query: Query
    after: int
    def __init__(self, query: _Optional[_Union[Query, _Mapping]] = ..., after: _Optional[int] = ...) -> None: ...

class Write(_message.Message):
    __slots__ = ("stream", "events", "expected")
    STREAM_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_FIELD_NUMBER: _ClassVar[int]
    stream: str
    events: _containers.RepeatedCompositeFieldContainer[Event]
    expected: Expected
    def __init__(self, stream: _Optional[str] = ..., events: _Optional[_Iterable[_Union[Event, _Mapping]]] = ..., expected: _Optional[_Union[Expected, _Mapping]] = ...) -> None: ...

class AppendRequest(_message.Message):
    __slots__ = ("writes", "boundary")
    WRITES_FIELD_NUMBER: _ClassVar[int]
    BOUNDARY_FIELD_NUMBER: _ClassVar[int]
    writes: _containers.RepeatedCompositeFieldContainer[Write]
    boundary: Boundary
    def __init__(self, writes: _Optional[_Iterable[_Union[Write, _Mapping]]] = ..., boundary: _Optional[_Union[Boundary, _Mapping]] = ...) -> None: ...

class Appended(_message.Message):
    __slots__ = ("stream", "version", "position", "events", "repeated")
    STREAM_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    REPEATED_FIELD_NUMBER: _ClassVar[int]
    stream: str
    version: int
    position: int
    events: int
    repeated: bool
    def __init__(self, stream: _Optional[str] = ..., version: _Optional[int] = ..., position: _Optional[int] = ..., events: _Optional[int] = ..., repeated: _Optional[bool] = ...) -> None: ...

class AppendResponse(_message.Message):
    __slots__ = ("appended",)
    APPENDED_FIELD_NUMBER: _ClassVar[int]
    appended: _containers.RepeatedCompositeFieldContainer[Appended]
    def __init__(self, appended: _Optional[_Iterable[_Union[Appended, _Mapping]]] = ...) -> None: ...

class OutcomeRequest(_message.Message):
    __slots__ = ("event_ids",)
    EVENT_IDS_FIELD_NUMBER: _ClassVar[int]
    event_ids: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, event_ids: _Optional[_Iterable[bytes]] = ...) -> None: ...

class OutcomeResponse(_message.Message):
    __slots__ = ("found", "appended", "head")
    FOUND_FIELD_NUMBER: _ClassVar[int]
    APPENDED_FIELD_NUMBER: _ClassVar[int]
    HEAD_FIELD_NUMBER: _ClassVar[int]
    found: bool
    appended: _containers.RepeatedCompositeFieldContainer[Appended]
    head: int
    def __init__(self, found: _Optional[bool] = ..., appended: _Optional[_Iterable[_Union[Appended, _Mapping]]] = ..., head: _Optional[int] = ...) -> None: ...

class ReadStreamRequest(_message.Message):
    __slots__ = ("stream", "backwards", "bound", "limit", "until")
    STREAM_FIELD_NUMBER: _ClassVar[int]
    BACKWARDS_FIELD_NUMBER: _ClassVar[int]
    BOUND_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    stream: str
    backwards: bool
    bound: int
    limit: int
    until: int
    def __init__(self, stream: _Optional[str] = ..., backwards: _Optional[bool] = ..., bound: _Optional[int] = ..., limit: _Optional[int] = ..., until: _Optional[int] = ...) -> None: ...

class ReadLogRequest(_message.Message):
    __slots__ = ("backwards", "bound", "limit", "query", "until")
    BACKWARDS_FIELD_NUMBER: _ClassVar[int]
    BOUND_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    QUERY_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    backwards: bool
    bound: int
    limit: int
    query: Query
    until: int
    def __init__(self, backwards: _Optional[bool] = ..., bound: _Optional[int] = ..., limit: _Optional[int] = ..., query: _Optional[_Union[Query, _Mapping]] = ..., until: _Optional[int] = ...) -> None: ...

class Page(_message.Message):
    __slots__ = ("events",)
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[RecordedEvent]
    def __init__(self, events: _Optional[_Iterable[_Union[RecordedEvent, _Mapping]]] = ...) -> None: ...

class StreamVersionRequest(_message.Message):
    __slots__ = ("stream",)
    STREAM_FIELD_NUMBER: _ClassVar[int]
    stream: str
    def __init__(self, stream: _Optional[str] = ...) -> None: ...

class StreamVersionResponse(_message.Message):
    __slots__ = ("version",)
    VERSION_FIELD_NUMBER: _ClassVar[int]
    version: int
    def __init__(self, version: _Optional[int] = ...) -> None: ...

class HeadRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class HeadResponse(_message.Message):
    __slots__ = ("position",)
    POSITION_FIELD_NUMBER: _ClassVar[int]
    position: int
    def __init__(self, position: _Optional[int] = ...) -> None: ...

class EpochRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class BeganEpoch(_message.Message):
    __slots__ = ("number", "after")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    number: int
    after: int
    def __init__(self, number: _Optional[int] = ..., after: _Optional[int] = ...) -> None: ...

class EpochResponse(_message.Message):
    __slots__ = ("epochs",)
    EPOCHS_FIELD_NUMBER: _ClassVar[int]
    epochs: _containers.RepeatedCompositeFieldContainer[BeganEpoch]
    def __init__(self, epochs: _Optional[_Iterable[_Union[BeganEpoch, _Mapping]]] = ...) -> None: ...

class WaitForRequest(_message.Message):
    __slots__ = ("position", "timeout_seconds")
    POSITION_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    position: int
    timeout_seconds: float
    def __init__(self, position: _Optional[int] = ..., timeout_seconds: _Optional[float] = ...) -> None: ...

class SubscribeRequest(_message.Message):
    __slots__ = ("after", "query", "page_size")
    AFTER_FIELD_NUMBER: _ClassVar[int]
    QUERY_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    after: int
    query: Query
    page_size: int
    def __init__(self, after: _Optional[int] = ..., query: _Optional[_Union[Query, _Mapping]] = ..., page_size: _Optional[int] = ...) -> None: ...

class Delivery(_message.Message):
    __slots__ = ("events", "position", "caught_up")
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    CAUGHT_UP_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[RecordedEvent]
    position: int
    caught_up: bool
    def __init__(self, events: _Optional[_Iterable[_Union[RecordedEvent, _Mapping]]] = ..., position: _Optional[int] = ..., caught_up: _Optional[bool] = ...) -> None: ...

class Failure(_message.Message):
    __slots__ = ("error", "definite", "message", "stream", "actual_version", "last_match", "event_id", "limit", "sqlstate", "reason", "head", "missing", "found")
    ERROR_FIELD_NUMBER: _ClassVar[int]
    DEFINITE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    STREAM_FIELD_NUMBER: _ClassVar[int]
    ACTUAL_VERSION_FIELD_NUMBER: _ClassVar[int]
    LAST_MATCH_FIELD_NUMBER: _ClassVar[int]
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    SQLSTATE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    HEAD_FIELD_NUMBER: _ClassVar[int]
    MISSING_FIELD_NUMBER: _ClassVar[int]
    FOUND_FIELD_NUMBER: _ClassVar[int]
    error: str
    definite: bool
    message: str
    stream: str
    actual_version: int
    last_match: int
    event_id: bytes
    limit: int
    sqlstate: str
    reason: str
    head: int
    missing: int
    found: int
    def __init__(self, error: _Optional[str] = ..., definite: _Optional[bool] = ..., message: _Optional[str] = ..., stream: _Optional[str] = ..., actual_version: _Optional[int] = ..., last_match: _Optional[int] = ..., event_id: _Optional[bytes] = ..., limit: _Optional[int] = ..., sqlstate: _Optional[str] = ..., reason: _Optional[str] = ..., head: _Optional[int] = ..., missing: _Optional[int] = ..., found: _Optional[int] = ...) -> None: ...

class Status(_message.Message):
    __slots__ = ("code", "message", "details")
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    DETAILS_FIELD_NUMBER: _ClassVar[int]
    code: int
    message: str
    details: _containers.RepeatedCompositeFieldContainer[_any_pb2.Any]
    def __init__(self, code: _Optional[int] = ..., message: _Optional[str] = ..., details: _Optional[_Iterable[_Union[_any_pb2.Any, _Mapping]]] = ...) -> None: ...
