"""The page's scripts and styles as two texts to inline: no build step, no network.

The scripts are plain ES modules in ``scripts/``. Because a page opened from ``file://`` cannot
import modules, they are put into one scope, dependencies first, with their import and export words
taken off. That is sound only while they keep to a few rules, so breaking one is an error: imports
are ``import { a, b } from "./x.js";`` without renaming, exports stand before a declaration, and no
two modules declare the same name.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import re
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

import msgspec

__all__ = ["Asset", "BundleError", "bundle_modules", "chart_library", "page_script", "page_style"]

_IMPORT: Final = re.compile(r'^import \{([^}]*)\} from "\./([a-z_]+\.js)";\n', re.MULTILINE)
_EXPORT: Final = re.compile(r"^export (?=(?:async )?function|class|const)", re.MULTILINE)
_DECLARATION: Final = re.compile(
    r"^(export )?(?:(?:async )?function\*?|class|const|let) ([A-Za-z_$][\w$]*)", re.MULTILINE
)
_STRAY: Final = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)
_STYLES: Final = ("page.css", "content.css", "cycle.css", "timeline.css", "plots.css")


class BundleError(Exception):
    """A module breaks a rule of the bundle: a fault of this package, not of its user."""


class Asset(msgspec.Struct, frozen=True, kw_only=True):
    """A text to stand inside ``<script>`` or ``<style>``, and its source for the page's policy."""

    text: str

    @property
    def source(self) -> str:
        """The text's hash as Content-Security-Policy writes it, quotes included."""
        digest = hashlib.sha256(self.text.encode()).digest()
        return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


@functools.cache
def page_script() -> Asset:
    """All modules that ``main.js`` needs."""
    return _inline(bundle_modules(resources.files(__package__) / "scripts", "main.js"), "script")


@functools.cache
def page_style() -> Asset:
    """The chart library's style and ours."""
    folder = resources.files(__package__) / "styles"
    texts = [(_assets() / "uPlot.min.css").read_text("utf-8")]
    texts += [(folder / name).read_text("utf-8") for name in _STYLES]
    return _inline("\n".join(texts), "style")


@functools.cache
def chart_library() -> Asset:
    """uPlot, as its authors publish it (see ``assets/LICENSE.uPlot``)."""
    return _inline((_assets() / "uPlot.iife.min.js").read_text("utf-8"), "script")


def bundle_modules(folder: Traversable, entry: str) -> str:
    """Join a module and all that it imports, dependencies first.

    Raises:
        BundleError: a module breaks a rule, or modules import each other in a circle.
    """
    joined: dict[str, str] = {}
    owners: dict[str, str] = {}
    exports: dict[str, set[str]] = {}

    def add(name: str, importers: tuple[str, ...]) -> None:
        if name in importers:
            raise BundleError(f"modules import each other: {' > '.join((*importers, name))}.")
        if name in joined:
            return
        text = (folder / name).read_text("utf-8")
        for wanted, source in _IMPORT.findall(text):
            add(source, (*importers, name))
            names = {word.strip() for word in wanted.split(",") if word.strip()}
            if unknown := sorted(names - exports[source]):
                raise BundleError(f"{name}: {source} does not export {', '.join(unknown)}.")
        declared = _DECLARATION.findall(text)
        for _, declaration in declared:
            if declaration in owners:
                raise BundleError(f"{name}: {declaration!r} is also in {owners[declaration]}.")
            owners[declaration] = name
        exports[name] = {declaration for exported, declaration in declared if exported}
        body = _EXPORT.sub("", _IMPORT.sub("", text))
        if stray := _STRAY.search(body):
            raise BundleError(f"{name}: the bundle cannot follow {stray[0]!r}.")
        joined[name] = body

    add(entry, ())
    return "\n".join(joined.values())


def _assets() -> Traversable:
    return resources.files("checker.report") / "assets"


def _inline(text: str, element: str) -> Asset:
    if f"</{element}" in text.lower() or "<!--" in text:
        raise BundleError(f"a <{element}> would end within its own text.")
    return Asset(text=text)
