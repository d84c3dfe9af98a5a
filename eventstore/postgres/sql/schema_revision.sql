-- The revision that the database was migrated to.
SELECT version_num
FROM eventstore.schema_revision
