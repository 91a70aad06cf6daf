-- The ledger. Bodies are the JSON of the domain's own types; the columns beside them are what is
-- looked up by, or changes. Migrations are append-only: a later file changes what this one made.

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE tokens (
    name       TEXT PRIMARY KEY,
    hash       TEXT NOT NULL UNIQUE,
    created_at TEXT NOT NULL,
    revoked_at TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE commands (
    id              TEXT PRIMARY KEY,
    thread          TEXT NOT NULL,
    by              TEXT NOT NULL,
    at              TEXT NOT NULL,
    idempotency_key TEXT,
    body            TEXT NOT NULL,
    UNIQUE (by, idempotency_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX commands_by_thread ON commands (thread, id);

CREATE TABLE plans (
    id          TEXT PRIMARY KEY,
    digest      TEXT NOT NULL,
    service     TEXT NOT NULL,
    environment TEXT NOT NULL DEFAULT '',
    action      TEXT NOT NULL,
    status      TEXT NOT NULL,
    reason      TEXT,
    thread      TEXT,
    created_at  TEXT NOT NULL,
    expires_at  TEXT NOT NULL,
    body        TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX plans_by_place ON plans (service, environment, id);
CREATE INDEX plans_by_status ON plans (status, id);
-- What waits is looked up at each sentence, and grows when many ask and nobody approves.
CREATE INDEX plans_pending_by_thread ON plans (thread) WHERE status = 'pending_approval';
CREATE INDEX plans_pending_by_expiry ON plans (expires_at) WHERE status = 'pending_approval';

CREATE TABLE approvals (
    id   TEXT PRIMARY KEY,
    plan TEXT NOT NULL REFERENCES plans (id),
    by   TEXT NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (plan, by)
) STRICT, WITHOUT ROWID;
-- What was approved beforehand allows one rollback; a person's name never looks like an id.
CREATE UNIQUE INDEX one_rollback_per_grant ON approvals (by) WHERE by GLOB 'apr_*';

CREATE TABLE executions (
    id          TEXT PRIMARY KEY,
    -- One approval starts one execution, however often the button is pressed.
    plan        TEXT NOT NULL UNIQUE REFERENCES plans (id),
    service     TEXT NOT NULL,
    environment TEXT NOT NULL DEFAULT '',
    status      TEXT NOT NULL,
    created_at  TEXT NOT NULL,
    ended_at    TEXT,
    body        TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX executions_by_place ON executions (service, environment, id);
CREATE INDEX executions_open ON executions (id) WHERE ended_at IS NULL;

CREATE TABLE journal (
    execution TEXT    NOT NULL REFERENCES executions (id),
    seq       INTEGER NOT NULL,
    at        TEXT    NOT NULL,
    event     TEXT    NOT NULL,
    hash      TEXT    NOT NULL,
    PRIMARY KEY (execution, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE locks (
    service     TEXT NOT NULL,
    environment TEXT NOT NULL DEFAULT '',
    execution   TEXT NOT NULL,
    action      TEXT NOT NULL,
    since       TEXT NOT NULL,
    PRIMARY KEY (service, environment)
) STRICT, WITHOUT ROWID;

CREATE TABLE releases (
    id            TEXT PRIMARY KEY,
    service       TEXT NOT NULL,
    environment   TEXT NOT NULL,
    presence      TEXT NOT NULL,
    quality       TEXT NOT NULL,
    image_id      TEXT,
    first_live_at TEXT,
    body          TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX releases_by_place ON releases (service, environment, id);
-- Never two live releases in one place.
CREATE UNIQUE INDEX one_live_release ON releases (service, environment) WHERE presence = 'live';

CREATE TABLE quarantines (
    release     TEXT NOT NULL REFERENCES releases (id),
    since       TEXT NOT NULL,
    service     TEXT NOT NULL,
    environment TEXT NOT NULL,
    lifted_at   TEXT,
    lifted_by   TEXT,
    body        TEXT NOT NULL,
    PRIMARY KEY (release, since)
) STRICT, WITHOUT ROWID;

CREATE TABLE watches (
    id          TEXT PRIMARY KEY,
    release     TEXT NOT NULL REFERENCES releases (id),
    service     TEXT NOT NULL,
    environment TEXT NOT NULL,
    status      TEXT NOT NULL,
    body        TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX watches_by_place ON watches (service, environment, id);
-- Never two open watches in one place.
CREATE UNIQUE INDEX one_open_watch ON watches (service, environment)
    WHERE status IN ('baking', 'paused', 'degraded');

CREATE TABLE evaluations (
    watch TEXT    NOT NULL REFERENCES watches (id),
    n     INTEGER NOT NULL,
    body  TEXT    NOT NULL,
    PRIMARY KEY (watch, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE incidents (
    id          TEXT PRIMARY KEY,
    service     TEXT NOT NULL,
    environment TEXT NOT NULL DEFAULT '',
    opened_at   TEXT NOT NULL,
    body        TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE freezes (
    service     TEXT NOT NULL,
    environment TEXT NOT NULL,
    body        TEXT NOT NULL,
    PRIMARY KEY (service, environment)
) STRICT, WITHOUT ROWID;

CREATE TABLE ports (
    service     TEXT    NOT NULL,
    environment TEXT    NOT NULL,
    port        INTEGER NOT NULL UNIQUE,
    PRIMARY KEY (service, environment)
) STRICT, WITHOUT ROWID;

-- Append-only: each row holds the hash of the one before, and nothing may be changed or taken
-- away. recursive_triggers is on, or REPLACE would delete without asking the trigger.
CREATE TABLE audit (
    seq     INTEGER PRIMARY KEY,
    at      TEXT NOT NULL,
    actor   TEXT NOT NULL,
    act     TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail  TEXT NOT NULL,
    hash    TEXT NOT NULL
) STRICT;

CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER journal_no_update BEFORE UPDATE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_no_delete BEFORE DELETE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER plans_stay BEFORE UPDATE OF id, digest, service, environment, action, thread, created_at, body ON plans
BEGIN SELECT RAISE(ABORT, 'a plan does not change'); END;
CREATE TRIGGER plans_no_delete BEFORE DELETE ON plans
BEGIN SELECT RAISE(ABORT, 'a plan does not go away'); END;
CREATE TRIGGER approvals_no_update BEFORE UPDATE ON approvals
BEGIN SELECT RAISE(ABORT, 'an approval does not change'); END;
CREATE TRIGGER approvals_no_delete BEFORE DELETE ON approvals
BEGIN SELECT RAISE(ABORT, 'an approval does not go away'); END;
