-- End a session of ours, and wait until it has ended, at most so many milliseconds. No row if it has
-- ended already; false if it goes on.
SELECT pg_terminate_backend(pid, $3)
FROM pg_stat_activity
WHERE pid = $1 AND backend_start = $2
