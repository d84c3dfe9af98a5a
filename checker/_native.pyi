# What the Rust crate native/py makes; the docstrings stand there. `mypy.stubtest` compares the two.
from os import PathLike
from typing import Any, Literal, final

from typing_extensions import Buffer

__all__ = ["CancelToken", "History", "Malformed", "SearchReport", "search", "unzstd", "version"]

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
        format: str | None = None,
        *,
        max_bytes: int | None = None,
        max_line_bytes: int | None = None,
    ) -> History: ...
    @staticmethod
    def parse(
        data: Buffer,
        format: str | None = None,
        *,
        max_bytes: int | None = None,
        max_line_bytes: int | None = None,
    ) -> History: ...
    def __len__(self) -> int: ...
    def operation(self, index: int) -> tuple[Any, ...]: ...
    @property
    def header(self) -> Any: ...
    @property
    def nemesis(self) -> list[tuple[str, Any, int]]: ...
    @property
    def kept_bytes(self) -> int: ...

class Malformed(Exception): ...

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
def unzstd(data: Buffer, max_bytes: int) -> bytes: ...
def version() -> str: ...
