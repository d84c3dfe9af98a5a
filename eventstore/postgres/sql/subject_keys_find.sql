-- The wrapped keys of subjects; null is forgotten, no row is unknown.
SELECT subject, wrapped_key
FROM eventstore.subject_keys
WHERE subject = ANY($1)
