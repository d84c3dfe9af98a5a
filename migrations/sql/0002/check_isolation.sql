-- Refuse any isolation level under which what is read may be older than the lock.
CREATE FUNCTION eventstore.check_isolation() RETURNS void
LANGUAGE plpgsql STABLE
AS $function$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'eventstore.append needs the isolation level READ COMMITTED'
            USING ERRCODE = 'ES001';
    END IF;
END
$function$;
