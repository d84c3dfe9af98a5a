"""The models that ship with the checker, and how to name your own."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from checker.errors import UnknownModel
from checker.models.bank import Bank
from checker.models.counter import Counter
from checker.models.kv import Kv, Strings
from checker.models.list_append import ListAppend
from checker.models.locks import FencedLock, Lock, Mutex
from checker.models.log import Log
from checker.models.long_fork import LongFork
from checker.models.model import Model, Partition
from checker.models.multi_register import MultiRegister
from checker.models.nondeterministic import NondeterministicModel
from checker.models.priority_queue import PriorityQueue
from checker.models.queue import Queue
from checker.models.register import CasRegister, Register
from checker.models.rw_register import RwRegister
from checker.models.sets import GrowOnlySet, Set
from checker.models.stack import Stack
from checker.models.stream import Stream
from checker.models.transactional import TransactionModel
from checker.models.versioned_kv import VersionedKv, VersionedStore

__all__ = [
    "MODELS",
    "Bank",
    "CasRegister",
    "Counter",
    "FencedLock",
    "GrowOnlySet",
    "Kv",
    "ListAppend",
    "Lock",
    "Log",
    "LongFork",
    "Model",
    "MultiRegister",
    "Mutex",
    "NondeterministicModel",
    "Partition",
    "PriorityQueue",
    "Queue",
    "Register",
    "RwRegister",
    "Set",
    "Stack",
    "Stream",
    "Strings",
    "TransactionModel",
    "VersionedKv",
    "VersionedStore",
    "model_named",
]

MODELS: Mapping[str, type[Model[Any]]] = MappingProxyType(
    {
        "register": Register,
        "cas-register": CasRegister,
        "multi-register": MultiRegister,
        "kv": Kv,
        "versioned-kv": VersionedKv,
        "versioned-store": VersionedStore,
        "stream": Stream,
        "log": Log,
        "queue": Queue,
        "stack": Stack,
        "priority-queue": PriorityQueue,
        "set": Set,
        "grow-only-set": GrowOnlySet,
        "counter": Counter,
        "mutex": Mutex,
        "lock": Lock,
        "fenced-lock": FencedLock,
        "list-append": ListAppend,
        "rw-register": RwRegister,
        "bank": Bank,
        "long-fork": LongFork,
    }
)
"""Every model that has a name of its own."""


def model_named(name: str, **options: Any) -> Model[Any]:
    """Make a model from its name, or from ``module:Class`` for one of your own.

    ``options`` are those of the model's constructor, such as ``initial`` of the registers.

    Raises:
        UnknownModel: there is no such model, or it does not take these options.
    """
    kind = _imported(name) if ":" in name else MODELS.get(name)
    if kind is None:
        raise UnknownModel(name, MODELS)
    try:
        return kind(**options)
    except TypeError as error:
        given = ", ".join(options) or "none"
        raise UnknownModel(
            name, MODELS, f"it does not take the options given ({given}): {error}"
        ) from error


def _imported(name: str) -> type[Model[Any]]:
    module, _, attribute = name.partition(":")
    try:
        kind = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise UnknownModel(name, MODELS, str(error)) from error
    if not (isinstance(kind, type) and issubclass(kind, Model)):
        raise UnknownModel(name, MODELS, "it is not a subclass of checker.Model")
    return kind
