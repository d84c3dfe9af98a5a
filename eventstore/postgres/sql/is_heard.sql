-- Whether any session of this database listens to what announcers say: they go by this name.
SELECT EXISTS (
    SELECT FROM pg_stat_activity
    WHERE application_name = $1 AND datname = current_database()
)
