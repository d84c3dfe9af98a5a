"""Transactions: dependency graphs, anomalies, and levels of isolation."""

from checker.transactions.judge import judge_transactions, levels_of
from checker.transactions.levels import LEVELS, stronger_than, weakest

__all__ = ["LEVELS", "judge_transactions", "levels_of", "stronger_than", "weakest"]
