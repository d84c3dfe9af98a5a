-- Replace the payloads of events by tombstones (see the migrations).
SELECT eventstore.retire($1) AS events
