# What the Rust crate native/py makes; the docstrings stand there. `mypy.stubtest` compares the two.
from collections.abc import Callable
from os import PathLike
from typing import Any, Literal, final

from typing_extensions import Buffer

__all__ = [
    "CancelToken",
    "History",
    "ImpureModel",
    "JudgeProgress",
    "Malformed",
    "MalformedOperation",
    "PartReport",
    "PartReports",
    "SearchReport",
    "TooLarge",
    "judge",
    "judge_by_process",
    "judged_models",
    "process_models",
    "search",
    "search_model",
    "unzstd",
    "version",
]

@final
class CancelToken:
    def __new__(cls) -> CancelToken: ...
    def cancel(self) -> None: ...
    @property
    def is_cancelled(self) -> bool: ...

@final
class History:
    @staticmethod
    def read(
        path: str | PathLike[str],
        format: str | None = None,  # noqa: A002 - as the formats' own option is called
        *,
        max_bytes: int | None = None,
        max_line_bytes: int | None = None,
        clock_uncertainty: int = 0,
    ) -> History: ...
    @staticmethod
    def parse(
        data: Buffer,
        format: str | None = None,  # noqa: A002 - as the formats' own option is called
        *,
        max_bytes: int | None = None,
        max_line_bytes: int | None = None,
        clock_uncertainty: int = 0,
    ) -> History: ...
    def __len__(self) -> int: ...
    def operation(self, index: int) -> tuple[Any, ...]: ...
    def request_shapes(self) -> list[tuple[str, bool, bool]]: ...
    @property
    def header(self) -> Any: ...
    @property
    def real_time(self) -> bool: ...
    @property
    def nemesis(self) -> list[tuple[str, Any, int]]: ...
    @property
    def kept_bytes(self) -> int: ...

class ImpureModel(Exception): ...
class Malformed(Exception): ...
class TooLarge(Malformed): ...
class MalformedOperation(Exception): ...

@final
class JudgeProgress:
    def __new__(
        cls,
        *,
        parts: int,
        parts_decided: int,
        operations: int,
        operations_decided: int,
        configurations: int,
    ) -> JudgeProgress: ...
    @property
    def parts(self) -> int: ...
    @property
    def parts_decided(self) -> int: ...
    @property
    def operations(self) -> int: ...
    @property
    def operations_decided(self) -> int: ...
    @property
    def configurations(self) -> int: ...
    @property
    def bytes(self) -> int: ...

@final
class PartReport:
    @property
    def key(self) -> Any: ...
    @property
    def operations(self) -> int: ...
    @property
    def rows(self) -> bytes: ...
    @property
    def verdict(self) -> Literal["valid", "invalid", "unknown"]: ...
    @property
    def limit(self) -> Literal["timeout", "memory", "cancelled"] | None: ...
    @property
    def monitor(self) -> str | None: ...
    @property
    def stopped(self) -> tuple[str, int | None] | None: ...
    @property
    def why(self) -> str: ...
    @property
    def order(self) -> bytes: ...
    @property
    def certificates(self) -> list[tuple[str, list[int]]]: ...
    @property
    def blocked(self) -> int | None: ...
    @property
    def configurations(self) -> int: ...
    @property
    def peak_bytes(self) -> int: ...
    @property
    def seconds(self) -> float: ...

@final
class PartReports:
    def __len__(self) -> int: ...
    def __getitem__(self, key: int, /) -> PartReport: ...
    @property
    def severities(self) -> bytes: ...
    @property
    def operations(self) -> bytes: ...
    @property
    def configurations(self) -> bytes: ...
    @property
    def algorithms(self) -> list[tuple[str | None, str]]: ...
    @property
    def peak_bytes(self) -> int | None: ...

@final
class SearchReport:
    @property
    def verdict(self) -> Literal["valid", "invalid", "unknown"]: ...
    @property
    def limit(self) -> Literal["timeout", "memory", "cancelled"] | None: ...
    @property
    def order(self) -> list[int]: ...
    @property
    def blocked(self) -> int | None: ...
    @property
    def configurations(self) -> int: ...
    @property
    def peak_bytes(self) -> int: ...

def judge(
    history: History,
    model: str,
    *,
    options: str = "{}",
    timeout_seconds: float,
    memory_bytes: int,
    jobs: int,
    cancel: CancelToken | None = None,
    on_progress: Callable[[JudgeProgress], object] | None = None,
    stopped: Callable[[PartReports], object] | None = None,
) -> PartReports: ...
def judged_models() -> list[str]: ...
def judge_by_process(
    history: History,
    model: str,
    *,
    options: str = "{}",
    timeout_seconds: float,
    memory_bytes: int,
    jobs: int,
    cancel: CancelToken | None = None,
) -> list[PartReport | str]: ...
def process_models() -> list[str]: ...
def search(
    model: str,
    invoked: Buffer,
    completed: Buffer,
    kinds: Buffer,
    offsets: Buffer,
    arguments: Buffer,
    *,
    timeout_seconds: float,
    memory_bytes: int,
    cancel: CancelToken | None = None,
) -> SearchReport: ...
def search_model(
    initial: Any,
    step: Callable[[Any, Any], Any],
    operations: list[Any],
    observers: Buffer,
    invoked: Buffer,
    completed: Buffer,
    actions: Buffer,
    *,
    several: bool = False,
    timeout_seconds: float,
    memory_bytes: int,
    cancel: CancelToken | None = None,
) -> SearchReport: ...
def unzstd(data: Buffer, max_bytes: int) -> bytes: ...
def version() -> str: ...
