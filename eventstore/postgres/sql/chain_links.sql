-- The links of the chain of hashes after a position, in order.
SELECT c.last_position, c.events, c.hash
FROM eventstore.commits AS c
WHERE c.last_position > $1
ORDER BY c.last_position
LIMIT $2
