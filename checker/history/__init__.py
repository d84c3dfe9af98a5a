"""Histories: in memory, in files, and as they are recorded."""

from checker.history.history import History, HistoryBuilder, NemesisEvent

__all__ = ["History", "HistoryBuilder", "NemesisEvent"]
