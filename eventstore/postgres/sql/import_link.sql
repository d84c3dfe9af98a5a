-- Link the events behind position $1 to the chain of hashes, whose last link is $2.
INSERT INTO eventstore.commits (last_position, events, hash)
SELECT max(e.position), count(*), sha256($2::bytea || string_agg(eventstore.leaf(
    e.position, e.version, e.event_id, e.recorded_at, e.stream, e.type,
    array_to_string(e.tags, ' '), e.data::text, e.metadata::text
), '' ORDER BY e.position))
FROM eventstore.events AS e
WHERE e.position > $1
