-- Two roles without a login, for the users that applications connect as: {schema}_reader reads,
-- {schema}_writer also appends, and neither can insert by itself. Roles belong to the whole server:
-- they are made where they are missing and that is allowed; else the log does without them.
DO $block$
BEGIN
    IF (SELECT r.rolsuper OR r.rolcreaterole FROM pg_roles AS r WHERE r.rolname = current_user) THEN
        IF to_regrole('{schema}_reader') IS NULL THEN
            CREATE ROLE {schema}_reader NOLOGIN;
        END IF;
        IF to_regrole('{schema}_writer') IS NULL THEN
            CREATE ROLE {schema}_writer NOLOGIN IN ROLE {schema}_reader;
        END IF;
    END IF;
    IF to_regrole('{schema}_reader') IS NOT NULL AND to_regrole('{schema}_writer') IS NOT NULL THEN
        GRANT USAGE ON SCHEMA {schema} TO {schema}_reader, {schema}_writer;
        GRANT SELECT ON
            {schema}.streams, {schema}.events, {schema}.event_tags, {schema}.commits,
            {schema}.snapshots, {schema}.schema_revision
        TO {schema}_reader, {schema}_writer;
        GRANT INSERT, UPDATE, DELETE ON {schema}.snapshots TO {schema}_writer;
        GRANT SELECT, INSERT, UPDATE ON {schema}.subject_keys TO {schema}_writer;
        GRANT EXECUTE ON FUNCTION
            {schema}.matching, {schema}.held, {schema}.leaf, {schema}.outcome
        TO {schema}_reader, {schema}_writer;
        GRANT EXECUTE ON FUNCTION
            {schema}.append, {schema}.append_one, {schema}.append_batch
        TO {schema}_writer;
    END IF;
END
$block$;
