"""The page: one self-contained HTML file that shows a verdict and its evidence.

It opens from ``file://`` and asks the network for nothing. It works for any history; a caller
with more to prove adds `Section`s. It draws verdicts and never makes one.
"""

from checker.report.page.section import Section
from checker.report.page.write import BYTES_MAX, PageTooLarge, PageWritten, write_page

__all__ = ["BYTES_MAX", "PageTooLarge", "PageWritten", "Section", "write_page"]
