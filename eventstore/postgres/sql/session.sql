-- Which session this is, for ever: process numbers are used again.
SELECT pg_backend_pid() AS pid, backend_start AS started
FROM pg_stat_activity
WHERE pid = pg_backend_pid()
