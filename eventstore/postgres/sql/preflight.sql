-- What the server is, and the settings that decide what a crash can lose.
SELECT
    current_setting('server_version') AS version,
    current_setting('server_version_num')::int AS version_number,
    pg_is_in_recovery() AS standby,
    current_setting('default_transaction_read_only') = 'on' AS read_only,
    current_setting('fsync') = 'on' AS fsync,
    current_setting('synchronous_commit') AS synchronous_commit,
    current_setting('full_page_writes') = 'on' AS full_page_writes,
    current_setting('data_checksums') = 'on' AS data_checksums,
    current_setting('wal_level') AS wal_level,
    current_setting('synchronous_standby_names') AS synchronous_standby_names
