-- What is not at its end is looked up by its place each time that something may start there; the index
-- over all of them was of no use for that. The few that are open are sorted when all are wanted.
DROP INDEX executions_open;
CREATE INDEX executions_open ON executions (service, environment, id) WHERE ended_at IS NULL;
