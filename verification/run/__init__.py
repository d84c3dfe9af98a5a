"""One run: start everything, drive it under faults, heal it, read it, and keep what was seen."""
