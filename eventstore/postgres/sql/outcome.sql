-- Where the log holds some events, behind every append that was begun before (see the migrations).
SELECT event_id, stream, version, position, head
FROM eventstore.outcome($1)
