"""The relay: carries the log, in position order, from Postgres onto JetStream."""
