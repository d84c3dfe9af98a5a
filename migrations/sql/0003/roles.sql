-- A third role without a login: {schema}_archivist reads, and lets payloads go through the two
-- functions that see to it that nothing else is lost. Made and granted as the roles of 0002 are.
DO $block$
BEGIN
    IF (SELECT r.rolsuper OR r.rolcreaterole FROM pg_roles AS r WHERE r.rolname = current_user)
        AND to_regrole('{schema}_reader') IS NOT NULL
        AND to_regrole('{schema}_archivist') IS NULL
    THEN
        CREATE ROLE {schema}_archivist NOLOGIN IN ROLE {schema}_reader;
    END IF;
    IF to_regrole('{schema}_reader') IS NOT NULL AND to_regrole('{schema}_writer') IS NOT NULL THEN
        GRANT SELECT ON {schema}.archives, {schema}.retired, {schema}.retention_policies
        TO {schema}_reader, {schema}_writer;
    END IF;
    IF to_regrole('{schema}_archivist') IS NOT NULL THEN
        GRANT USAGE ON SCHEMA {schema} TO {schema}_archivist;
        GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {schema}_archivist;
        REVOKE SELECT ON {schema}.subject_keys FROM {schema}_archivist;
        GRANT INSERT, UPDATE, DELETE ON {schema}.retention_policies TO {schema}_archivist;
        GRANT EXECUTE ON FUNCTION {schema}.retire, {schema}.archive TO {schema}_archivist;
    END IF;
END
$block$;
