from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class EventType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SubscribeSuccess: _ClassVar[EventType]
    Ping: _ClassVar[EventType]
    AuthError: _ClassVar[EventType]
    NumOfConnExceed: _ClassVar[EventType]
    SubscribeExpired: _ClassVar[EventType]
SubscribeSuccess: EventType
Ping: EventType
AuthError: EventType
NumOfConnExceed: EventType
SubscribeExpired: EventType

class SubscribeRequest(_message.Message):
    __slots__ = ("subscribeType", "timestamp", "contentType", "payload", "accounts")
    SUBSCRIBETYPE_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    CONTENTTYPE_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    ACCOUNTS_FIELD_NUMBER: _ClassVar[int]
    subscribeType: int
    timestamp: int
    contentType: str
    payload: str
    accounts: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, subscribeType: _Optional[int] = ..., timestamp: _Optional[int] = ..., contentType: _Optional[str] = ..., payload: _Optional[str] = ..., accounts: _Optional[_Iterable[str]] = ...) -> None: ...

class SubscribeResponse(_message.Message):
    __slots__ = ("eventType", "subscribeType", "contentType", "payload", "requestId", "timestamp")
    EVENTTYPE_FIELD_NUMBER: _ClassVar[int]
    SUBSCRIBETYPE_FIELD_NUMBER: _ClassVar[int]
    CONTENTTYPE_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    REQUESTID_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    eventType: EventType
    subscribeType: int
    contentType: str
    payload: str
    requestId: str
    timestamp: int
    def __init__(self, eventType: _Optional[_Union[EventType, str]] = ..., subscribeType: _Optional[int] = ..., contentType: _Optional[str] = ..., payload: _Optional[str] = ..., requestId: _Optional[str] = ..., timestamp: _Optional[int] = ...) -> None: ...
