-- How far a standby is: what it received and did not replay yet, and when its last commit was made.
SELECT
    receiver.status AS receiving,
    pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())::bigint AS unreplayed_bytes,
    extract(epoch FROM now() - pg_last_xact_replay_timestamp())::float8 AS last_commit_seconds
FROM (SELECT 1) AS one LEFT JOIN pg_stat_wal_receiver AS receiver ON true
