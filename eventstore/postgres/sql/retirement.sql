-- The time of a retirement, and the tombstone that it leaves.
SELECT t.now AS retired_at, eventstore.tombstone(t.now)::text AS tombstone
FROM (SELECT clock_timestamp() AS now OFFSET 0) AS t
