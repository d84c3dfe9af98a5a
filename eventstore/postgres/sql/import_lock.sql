-- Wait for the lock of the log, and hold it until the end of the transaction.
SELECT pg_advisory_xact_lock(7311142570156650343)
