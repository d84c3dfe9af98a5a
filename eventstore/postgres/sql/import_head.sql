-- Where the log and its chain of hashes end.
SELECT c.last_position AS head, c.hash
FROM eventstore.commits AS c
ORDER BY c.last_position DESC
LIMIT 1
