"""The change feed: every committed change of a read model's documents, onto NATS.

The database records the changes itself, in the transaction that makes them (`postgres_tables`);
the relay's machinery carries them to a stream whose sequence is the change's number, and the server
keeps a key-value bucket of current values beside it (`jetstream_feed`). `change` is what a change
looks like on the wire.
"""
