-- What a plan says never changes, and what becomes of it changes often: written in one row, all of
-- it was written anew at each move.
CREATE TABLE plan_bodies (
    plan TEXT PRIMARY KEY REFERENCES plans (id),
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO plan_bodies (plan, body) SELECT id, body FROM plans;

DROP TRIGGER plans_stay;
ALTER TABLE plans DROP COLUMN body;
CREATE TRIGGER plans_stay BEFORE UPDATE OF id, digest, service, environment, action, thread, created_at ON plans
BEGIN SELECT RAISE(ABORT, 'a plan does not change'); END;
CREATE TRIGGER plan_bodies_stay BEFORE UPDATE ON plan_bodies
BEGIN SELECT RAISE(ABORT, 'a plan does not change'); END;
CREATE TRIGGER plan_bodies_no_delete BEFORE DELETE ON plan_bodies
BEGIN SELECT RAISE(ABORT, 'a plan does not go away'); END;

-- Of plans by their status only those that wait for approval are looked up, and these have indexes
-- of their own.
DROP INDEX plans_by_status;
