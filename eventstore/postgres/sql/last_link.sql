-- The last link of the chain of hashes; no row in an empty log.
SELECT c.last_position, c.events, c.hash
FROM eventstore.commits AS c
ORDER BY c.last_position DESC
LIMIT 1
