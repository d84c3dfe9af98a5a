-- What makes the server keep WAL until somebody has read it.
SELECT
    slot_name,
    active,
    coalesce(wal_status, 'unreserved') AS wal_status,
    pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::bigint AS kept_bytes
FROM pg_replication_slots
WHERE restart_lsn IS NOT NULL
ORDER BY slot_name
