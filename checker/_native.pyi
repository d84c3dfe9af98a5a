# What the Rust crate native/py makes; the docstrings stand there. `mypy.stubtest` compares the two.
from typing import Literal, final

from typing_extensions import Buffer

__all__ = ["CancelToken", "SearchReport", "search", "version"]

@final
class CancelToken:
    def __new__(cls) -> CancelToken: ...
    def cancel(self) -> None: ...
    @property
    def is_cancelled(self) -> bool: ...

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
def version() -> str: ...
