-- Operators act: the life of an anomaly, its evidence, what is told of it to whom, and who did what.

-- `origin` is the detector's id and `told` the detector's own revision in `record`; an anomaly that was closed and is
-- found again lives on as its successor, one `generation` on, which counts from `base_count`.
ALTER TABLE anomaly ADD COLUMN origin TEXT NOT NULL DEFAULT '';
ALTER TABLE anomaly ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;
ALTER TABLE anomaly ADD COLUMN told INTEGER NOT NULL DEFAULT 0;
ALTER TABLE anomaly ADD COLUMN base_count INTEGER NOT NULL DEFAULT 0;
-- What the detector said last, where the record is no longer that because a person has acted.
ALTER TABLE anomaly ADD COLUMN facts TEXT NOT NULL DEFAULT '';
ALTER TABLE anomaly ADD COLUMN zone TEXT NOT NULL DEFAULT '';
ALTER TABLE anomaly ADD COLUMN device TEXT NOT NULL DEFAULT '';
ALTER TABLE anomaly ADD COLUMN source TEXT NOT NULL DEFAULT '';
ALTER TABLE anomaly ADD COLUMN shelved_until_ns INTEGER;
ALTER TABLE anomaly ADD COLUMN disposition TEXT;
ALTER TABLE anomaly ADD COLUMN suppressed TEXT;
-- When it first and last changed by this machine's clock, for ages and for retention.
ALTER TABLE anomaly ADD COLUMN opened_at_ns INTEGER NOT NULL DEFAULT 0;
ALTER TABLE anomaly ADD COLUMN changed_at_ns INTEGER NOT NULL DEFAULT 0;
UPDATE anomaly SET origin = id, told = revision,
    zone = coalesce(record ->> '$.zone', ''), device = coalesce(record ->> '$.device', ''),
    source = coalesce(record ->> '$.source', ''),
    opened_at_ns = time_ns, changed_at_ns = last_ns;
CREATE UNIQUE INDEX anomaly_origin ON anomaly (origin, generation);
CREATE INDEX anomaly_shelved ON anomaly (shelved_until_ns) WHERE shelved_until_ns IS NOT NULL;
CREATE INDEX anomaly_quiet ON anomaly (last_ns)
    WHERE state IN ('unacknowledged-active', 'acknowledged-active');

-- What happened, who did it, and why.
ALTER TABLE anomaly_history ADD COLUMN at_ns INTEGER NOT NULL DEFAULT 0;
ALTER TABLE anomaly_history ADD COLUMN event TEXT NOT NULL DEFAULT 'updated';
ALTER TABLE anomaly_history ADD COLUMN who TEXT NOT NULL DEFAULT 'gridtap';
ALTER TABLE anomaly_history ADD COLUMN via TEXT NOT NULL DEFAULT 'sensor';
ALTER TABLE anomaly_history ADD COLUMN comment TEXT NOT NULL DEFAULT '';
DROP TRIGGER anomaly_history_keeps;
UPDATE anomaly_history SET event = 'opened' WHERE revision = 1;
CREATE TRIGGER anomaly_history_keeps BEFORE UPDATE ON anomaly_history
    BEGIN SELECT RAISE(ABORT, 'history is only added to'); END;
-- Retention takes a closed anomaly away whole, and says so in the audit log.
DROP TRIGGER anomaly_history_stays;
CREATE TRIGGER anomaly_history_stays BEFORE DELETE ON anomaly_history
    WHEN EXISTS (SELECT 1 FROM anomaly WHERE id = OLD.anomaly)
    BEGIN SELECT RAISE(ABORT, 'history is only added to'); END;
CREATE TRIGGER anomaly_open_stays BEFORE DELETE ON anomaly WHEN OLD.state <> 'closed'
    BEGIN SELECT RAISE(ABORT, 'an anomaly that is open is held'); END;

DROP VIEW incident;
CREATE VIEW incident AS
    SELECT incident AS id, COUNT(*) AS anomalies, SUM(count) AS count, MAX(severity) AS severity,
           MIN(time_ns) AS time_ns, MAX(last_ns) AS last_ns, SUM(revision) AS revision,
           SUM(state <> 'closed') AS open,
           SUM(state LIKE 'unacknowledged-%') AS unacknowledged
    FROM anomaly GROUP BY incident;

-- The frames that show an anomaly, cut out while they could be had.
CREATE TABLE evidence (
    anomaly  TEXT PRIMARY KEY REFERENCES anomaly (id) ON DELETE CASCADE,
    pcap     BLOB NOT NULL,
    frames   INTEGER NOT NULL,
    missing  INTEGER NOT NULL,
    note     TEXT NOT NULL,
    at_ns    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Every command that was heard, expected or not.
CREATE TABLE command (
    sequence INTEGER PRIMARY KEY,
    time_ns  INTEGER NOT NULL,
    source   TEXT NOT NULL,
    device   TEXT NOT NULL,
    record   TEXT NOT NULL
) STRICT;
CREATE INDEX command_time ON command (time_ns);

-- Who did what with this sensor, each row sealed with the one before it.
CREATE TABLE audit (
    sequence INTEGER PRIMARY KEY,
    at_ns    INTEGER NOT NULL,
    who      TEXT NOT NULL,
    role     TEXT NOT NULL,
    via      TEXT NOT NULL,
    action   TEXT NOT NULL,
    subject  TEXT NOT NULL,
    outcome  TEXT NOT NULL,
    detail   TEXT NOT NULL,
    hash     BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
CREATE TRIGGER audit_keeps BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;
CREATE TRIGGER audit_stays BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;

-- What is to be told to whom, until it was.
CREATE TABLE outbox (
    sequence   INTEGER PRIMARY KEY AUTOINCREMENT,
    endpoint   TEXT NOT NULL,
    id         TEXT NOT NULL UNIQUE,
    type       TEXT NOT NULL,
    anomaly    TEXT,
    severity   INTEGER NOT NULL,
    body       TEXT NOT NULL,
    created_ns INTEGER NOT NULL,
    due_ns     INTEGER NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0,
    state      TEXT NOT NULL CHECK (state IN ('pending', 'held', 'digested', 'delivered', 'failed')),
    digest     TEXT,
    status     INTEGER,
    error      TEXT,
    settled_ns INTEGER
) STRICT;
CREATE INDEX outbox_due ON outbox (endpoint, state, due_ns);
CREATE INDEX outbox_order ON outbox (endpoint, anomaly, state);
CREATE INDEX outbox_recent ON outbox (endpoint, created_ns);

-- The receivers that said they are gone (410), until a person enables them again.
CREATE TABLE endpoint (
    name        TEXT PRIMARY KEY,
    disabled_ns INTEGER NOT NULL,
    reason      TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The deliveries that inbound hooks have seen, with what was answered, so that none acts twice.
CREATE TABLE hook_seen (
    hook   TEXT NOT NULL,
    id     TEXT NOT NULL,
    body   BLOB NOT NULL CHECK (length(body) = 32),
    status INTEGER NOT NULL,
    answer TEXT NOT NULL,
    at_ns  INTEGER NOT NULL,
    PRIMARY KEY (hook, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX hook_seen_at ON hook_seen (at_ns);
