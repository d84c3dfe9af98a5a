-- What is new is for the writers of 0002, where the log has them.
DO $block$
BEGIN
    IF to_regrole('{schema}_writer') IS NOT NULL THEN
        GRANT EXECUTE ON FUNCTION {schema}.append_singles TO {schema}_writer;
    END IF;
END
$block$;
