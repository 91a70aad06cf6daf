-- The last fencing token that was given for each place. It outlives the lock: a token is never
-- given twice.
CREATE TABLE fences (
    service     TEXT    NOT NULL,
    environment TEXT    NOT NULL DEFAULT '',
    token       INTEGER NOT NULL,
    PRIMARY KEY (service, environment)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER fences_only_rise BEFORE UPDATE ON fences
WHEN NEW.token <= OLD.token
BEGIN SELECT RAISE(ABORT, 'a fencing token is given once'); END;
CREATE TRIGGER fences_no_delete BEFORE DELETE ON fences
BEGIN SELECT RAISE(ABORT, 'a fencing token is given once'); END;

-- That of the run that has the lock now; 0 where it was taken before there were tokens.
ALTER TABLE locks ADD COLUMN token INTEGER NOT NULL DEFAULT 0;
