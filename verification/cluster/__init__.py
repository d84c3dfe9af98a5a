"""Real servers on this machine: start, kill, pause, restart, and nothing left behind."""
