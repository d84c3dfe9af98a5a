-- What is new is for the roles of 0002 and 0003, where the log has them.
DO $block$
BEGIN
    IF to_regrole('{schema}_reader') IS NOT NULL AND to_regrole('{schema}_writer') IS NOT NULL THEN
        GRANT SELECT ON {schema}.archive_rewrites TO {schema}_reader, {schema}_writer;
    END IF;
    IF to_regrole('{schema}_archivist') IS NOT NULL THEN
        GRANT SELECT ON {schema}.archive_rewrites TO {schema}_archivist;
        GRANT EXECUTE ON FUNCTION {schema}.tombstone, {schema}.retire_archived
        TO {schema}_archivist;
    END IF;
END
$block$;
