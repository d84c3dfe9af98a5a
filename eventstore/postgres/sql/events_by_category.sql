-- How many events there are of each category, the most frequent first, at most $1.
SELECT e.category AS name, count(*) AS events
FROM eventstore.events AS e
GROUP BY e.category
ORDER BY count(*) DESC, e.category
LIMIT $1
