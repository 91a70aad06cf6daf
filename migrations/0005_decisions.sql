-- What people have decided about statements that are recognised in the text of procedures. The id of
-- a statement changes with its passage: a decision never holds for other words.
CREATE TABLE decisions (
    statement  TEXT PRIMARY KEY,
    decided_at TEXT NOT NULL,
    body       TEXT NOT NULL,
    seal       TEXT
) STRICT, WITHOUT ROWID;

CREATE TRIGGER decisions_no_delete BEFORE DELETE ON decisions
BEGIN SELECT RAISE(ABORT, 'a decision is taken back by another one'); END;
