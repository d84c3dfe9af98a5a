-- Keys that are not forgotten, of subjects that sort after one.
SELECT subject, wrapped_key
FROM eventstore.subject_keys
WHERE subject > $1 AND wrapped_key IS NOT NULL
ORDER BY subject
LIMIT $2
