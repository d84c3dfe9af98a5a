"""A reader of EDN (Extensible Data Notation, github.com/edn-format/edn), as Jepsen writes it.

Values come out as JSON values, so that every reader gives models the same things: keywords and
symbols become their names, characters one-letter strings, vectors, lists and sets lists, map keys
text, and tagged values the value without its tag. Ratios and exact decimals (``1/2``, ``1.50M``)
and ``##NaN`` keep their text: as floats, different values would become equal.

It keeps its own stack, so that depth costs no recursion, and it is strict: what is not EDN, an
element too many or few, or a repeated map key, raises `EdnError`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from checker.history.formats.limits import MAX_DEPTH

__all__ = ["EdnError", "EdnReader"]


class EdnError(ValueError):
    """The text is not EDN. ``position`` is the offset of the fault in the text."""

    def __init__(self, reason: str, position: int) -> None:
        super().__init__(reason)
        self.position = position


_TOKEN: Final = re.compile(
    r"""(?:[\s,]++ | ;[^\n]*+)*+
    (?:
      (?P<open>\#\{|[\[({])
    | (?P<close>[\])}])
    | (?P<string>"[^"\\]*(?:\\.[^"\\]*)*")
    | (?P<discard>\#_)
    | (?P<symbolic>\#\#-?[A-Za-z]+)
    | (?P<tag>\#[A-Za-z:][^\s,;"()\[\]{}]*)
    | (?P<char>\\(?:[A-Za-z]\w*|.))
    | (?P<atom>[^\s,;"()\[\]{}\\\#@`~^'][^\s,;"()\[\]{}]*)
    )""",
    re.VERBOSE | re.DOTALL,
)
_BLANKS: Final = re.compile(r"(?:[\s,]++|;[^\n]*+)*+")
_CLOSERS: Final = {"[": "]", "(": ")", "{": "}", "#{": "}"}
_CONSTANTS: Final[dict[str, Any]] = {"nil": None, "true": True, "false": False}
_INTEGER: Final = re.compile(r"[+-]?(?:0|[1-9][0-9]*)N?")
_HEXADECIMAL: Final = re.compile(r"[+-]?0[xX][0-9A-Fa-f]+N?")
_FLOAT: Final = re.compile(r"[+-]?[0-9]+(?:\.[0-9]*(?:[eE][+-]?[0-9]+)?|[eE][+-]?[0-9]+)")
_EXACT: Final = re.compile(r"[+-]?(?:[0-9]+/[0-9]+|[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?M)")
_MAX_DIGITS: Final = 4300
_MAX_HEXADECIMAL: Final = 3500
"""In decimal, a hexadecimal number has a fifth more digits."""
_ESCAPE: Final = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_ESCAPES: Final = {"t": "\t", "r": "\r", "n": "\n", "b": "\b", "f": "\f", "\\": "\\", '"': '"'}
_CHARACTERS: Final = {
    "newline": "\n",
    "return": "\r",
    "space": " ",
    "tab": "\t",
    "backspace": "\b",
    "formfeed": "\f",
}
_MAX_CACHED_ATOMS: Final = 100_000
_DISCARD: Final = "#_"


class _Frame:
    """An open collection: its elements so far, and what is to be done with the next one."""

    __slots__ = ("items", "opener", "position", "prefixes")

    def __init__(self, opener: str, position: int) -> None:
        self.opener = opener
        self.position = position
        self.items: list[Any] = []
        self.prefixes: list[str] = []

    def add(self, value: Any) -> None:
        """Take an element, unless a ``#_`` before it discards it; a tag before it is dropped."""
        while self.prefixes:
            if self.prefixes.pop() == _DISCARD:
                return
        self.items.append(value)

    def value(self, closer: str, position: int) -> Any:
        """Return the collection that ``closer`` closes."""
        if closer != _CLOSERS.get(self.opener):
            raise EdnError(f"{closer!r} closes nothing that is open", position)
        if self.prefixes:
            raise EdnError(f"nothing follows {self.prefixes[-1]!r}", position)
        if self.opener != "{":
            return self.items
        if len(self.items) % 2:
            raise EdnError("a map has a key without a value", self.position)
        keys = [_key_text(key) for key in self.items[::2]]
        fields = dict(zip(keys, self.items[1::2], strict=True))
        if len(fields) < len(keys):
            twice = next(key for key in keys if keys.count(key) > 1)
            raise EdnError(f"a map has the key {twice!r} twice", self.position)
        return fields


class EdnReader:
    """Reads the elements of a text: of its one enclosing vector or list, or of the text itself.

    Iterate over it once; it yields each element with its offset.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._atoms: dict[str, Any] = dict(_CONSTANTS)
        self._top = _Frame("", 0)
        self._stack = [self._top]
        self._base = self._top
        """The collection whose elements are yielded: the text, or the one that encloses all."""
        self._started = False
        self._enclosed = False

    @property
    def enclosed(self) -> bool:
        """Whether one vector or list encloses the elements (known once reading has begun)."""
        return self._enclosed

    def __iter__(self) -> Iterator[tuple[int, Any]]:
        """Yield ``(offset, element)``.

        Raises:
            EdnError: The text is not EDN, or nests too deeply.
        """
        text, stack, match = self._text, self._stack, _TOKEN.match
        position = element_start = 0
        while (token := match(text, position)) is not None:
            kind, position = token.lastgroup or "", token.end()
            start = token.start(kind)
            if stack[-1] is self._base and not self._base.prefixes:
                element_start = start
            self._take(kind, token[kind], start)
            if self._base.items:
                yield element_start, self._base.items.pop()
        blanks = _BLANKS.match(text, position)
        position = blanks.end() if blanks else position
        if position < len(text):
            raise EdnError(_unexpected(text[position]), position)
        if len(stack) > 1:
            raise EdnError(
                f"what opens here with {stack[-1].opener!r} is never closed: is the file cut off?",
                stack[-1].position,
            )
        if self._top.prefixes:
            raise EdnError(f"nothing follows {self._top.prefixes[-1]!r}", position)

    def _take(self, kind: str, word: str, start: int) -> None:
        frame = self._stack[-1]
        if kind == "close":
            self._close(word, start)
        elif kind in {"discard", "tag"}:
            frame.prefixes.append(word)
        elif kind == "open":
            self._open(word, start)
        else:
            if frame is self._top:
                self._start_element(start)
            if kind == "atom":
                frame.add(self._atom(word, start))
            elif kind == "string":
                frame.add(_string(word, start))
            elif kind == "char":
                frame.add(_character(word, start))
            else:
                frame.add(word)

    def _open(self, opener: str, start: int) -> None:
        if len(self._stack) > MAX_DEPTH:
            raise EdnError(f"nested more than {MAX_DEPTH} levels deep", start)
        frame = _Frame(opener, start)
        if self._stack[-1] is self._top and self._start_element(start) and opener in {"[", "("}:
            self._base = frame
            self._enclosed = True
        self._stack.append(frame)

    def _close(self, closer: str, start: int) -> None:
        frame = self._stack[-1]
        value = frame.value(closer, start)
        self._stack.pop()
        if frame is self._base:
            self._base = self._top
            self._top.prefixes.clear()
        else:
            self._stack[-1].add(value)

    def _start_element(self, start: int) -> bool:
        """Note that an element of the text itself begins; return whether it is the first."""
        if _DISCARD in self._top.prefixes:
            return False
        if self._enclosed:
            raise EdnError("something follows the vector or list of operations", start)
        first = not self._started
        self._started = True
        return first

    def _atom(self, word: str, start: int) -> Any:
        if word in self._atoms:
            return self._atoms[word]
        value = _atom(word, start)
        # Keywords, processes and small values recur; the bound keeps a hostile file in check.
        if len(self._atoms) < _MAX_CACHED_ATOMS:
            self._atoms[word] = value
        return value


def _atom(word: str, start: int) -> Any:
    if word.startswith(":"):
        if len(word) == 1:
            raise EdnError("a keyword without a name", start)
        return word[1:]
    digits = word.lstrip("+-")
    if not digits[:1].isdigit():
        return word
    most = _MAX_HEXADECIMAL if digits[:2] in {"0x", "0X"} else _MAX_DIGITS
    if len(digits) > most:
        raise EdnError(f"a number of more than {most} digits", start)
    if _INTEGER.fullmatch(word):
        return int(word.removesuffix("N"))
    if _FLOAT.fullmatch(word):
        return _float(word, start)
    if _EXACT.fullmatch(word):
        return word
    if _HEXADECIMAL.fullmatch(word):
        return int(word.removesuffix("N"), 16)
    raise EdnError(f"{word!r} is not a number", start)


def _float(word: str, start: int) -> float:
    value = float(word)
    if math.isinf(value):
        raise EdnError(f"{word!r} is out of range", start)
    return value


def _string(word: str, start: int) -> str:
    if "\\" not in word:
        return word[1:-1]

    def unescape(match: re.Match[str]) -> str:
        escape = match[1]
        if len(escape) > 1:
            return chr(int(escape[1:], 16))
        if escape not in _ESCAPES:
            raise EdnError(f"unknown escape {match[0]!r} in a string", start)
        return _ESCAPES[escape]

    return _text(_ESCAPE.sub(unescape, word[1:-1]), start)


def _character(word: str, start: int) -> str:
    name = word[1:]
    if len(name) == 1:
        return name
    if name in _CHARACTERS:
        return _CHARACTERS[name]
    if re.fullmatch(r"u[0-9A-Fa-f]{4}", name):
        return _text(chr(int(name[1:], 16)), start)
    raise EdnError(f"unknown character {word!r}", start)


def _text(text: str, start: int) -> str:
    # Java writes what lies beyond 16 bits as two surrogates; alone, one is no character.
    try:
        return text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise EdnError("half of a surrogate pair in a text", start) from None


def _key_text(key: Any) -> str:
    return key if isinstance(key, str) else msgspec.json.encode(key).decode()


def _unexpected(character: str) -> str:
    if character == '"':
        return "a string that opens here is never closed: is the file cut off?"
    return f"unexpected character {character!r}"
