-- How many events there are of each type, the most frequent first, at most $1.
SELECT e.type AS name, count(*) AS events
FROM eventstore.events AS e
GROUP BY e.type
ORDER BY count(*) DESC, e.type
LIMIT $1
