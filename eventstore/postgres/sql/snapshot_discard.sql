-- Delete the snapshot of a stream and a kind, if there is one.
DELETE FROM eventstore.snapshots WHERE stream = $1 AND kind = $2
