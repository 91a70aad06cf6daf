-- Rows that change are sealed: `seal` is the digest of the content, and the audit trail holds the
-- newest one. What was there before is sealed when this file is carried out.
ALTER TABLE tokens ADD COLUMN seal TEXT;
ALTER TABLE executions ADD COLUMN seal TEXT;
ALTER TABLE releases ADD COLUMN seal TEXT;
ALTER TABLE quarantines ADD COLUMN seal TEXT;
ALTER TABLE watches ADD COLUMN seal TEXT;
ALTER TABLE incidents ADD COLUMN seal TEXT;
ALTER TABLE freezes ADD COLUMN seal TEXT;

-- What is left of the journal of an execution that ended long ago: what it added up to, and the
-- hash of its last event, which is in the audit trail.
CREATE TABLE final_states (
    execution    TEXT PRIMARY KEY REFERENCES executions (id),
    events       INTEGER NOT NULL,
    head         TEXT NOT NULL,
    shortened_at TEXT NOT NULL,
    body         TEXT NOT NULL,
    seal         TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX executions_ended ON executions (id) WHERE ended_at IS NOT NULL;

DROP TRIGGER journal_no_delete;
CREATE TRIGGER journal_no_delete BEFORE DELETE ON journal
WHEN NOT EXISTS (SELECT 1 FROM final_states WHERE execution = OLD.execution)
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_no_end_twice BEFORE INSERT ON journal
WHEN EXISTS (SELECT 1 FROM final_states WHERE execution = NEW.execution)
BEGIN SELECT RAISE(ABORT, 'the journal is append-only, and this one was shortened'); END;
CREATE TRIGGER final_states_of_ended BEFORE INSERT ON final_states
WHEN NOT EXISTS (SELECT 1 FROM executions WHERE id = NEW.execution AND ended_at IS NOT NULL)
BEGIN SELECT RAISE(ABORT, 'the journal of what has not ended is not shortened'); END;
CREATE TRIGGER final_states_no_update
BEFORE UPDATE OF execution, events, head, shortened_at, body ON final_states
BEGIN SELECT RAISE(ABORT, 'a final state does not change'); END;
CREATE TRIGGER final_states_no_delete BEFORE DELETE ON final_states
BEGIN SELECT RAISE(ABORT, 'a final state does not go away'); END;
CREATE TRIGGER evaluations_no_update BEFORE UPDATE ON evaluations
BEGIN SELECT RAISE(ABORT, 'an evaluation does not change'); END;
CREATE TRIGGER evaluations_no_delete BEFORE DELETE ON evaluations
BEGIN SELECT RAISE(ABORT, 'an evaluation does not go away'); END;
