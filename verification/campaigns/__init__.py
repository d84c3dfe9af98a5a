"""Campaigns: one kind of fault, many times over, under load; then quiet, then judged."""
