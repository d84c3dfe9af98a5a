-- Be the only session that archives this log, until it ends; false if another one does.
SELECT pg_try_advisory_lock(hashtextextended('eventstore.archives', 0)) AS locked
