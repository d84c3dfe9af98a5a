-- The policies of retention, those of streams first.
SELECT p.kind, p.name, p.days
FROM eventstore.retention_policies AS p
ORDER BY p.kind DESC, p.name
