"""Benchmarks: `python -m benchmarks.NAME [--quick] [--json]`, ours beside a peer in one run."""
