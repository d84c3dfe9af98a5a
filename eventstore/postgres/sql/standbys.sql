-- The standbys that are connected; all but the name is null for a role that may not see it.
SELECT
    application_name,
    coalesce(host(client_addr), 'a local socket') AS address,
    state,
    sync_state,
    pg_wal_lsn_diff(pg_current_wal_lsn(), flush_lsn)::bigint AS behind_bytes,
    extract(epoch FROM replay_lag)::float8 AS replay_seconds
FROM pg_stat_replication
WHERE coalesce(application_name, '') <> 'pg_basebackup'
ORDER BY application_name, address
