-- One line a fact about the state itself: sensor, created_ns.
CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What is normal: one learned key a row, in the baseline's own text.
CREATE TABLE baseline (
    key TEXT PRIMARY KEY,
    row TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What the baseline keeps beside its keys (arming, rates), in its own text and format.
CREATE TABLE baseline_state (
    one    INTEGER PRIMARY KEY CHECK (one = 1),
    format INTEGER NOT NULL,
    text   TEXT NOT NULL
) STRICT;

-- The anomalies as they stand. `record` is the JSON that was told.
CREATE TABLE anomaly (
    id       TEXT PRIMARY KEY,
    incident TEXT NOT NULL,
    revision INTEGER NOT NULL,
    state    TEXT NOT NULL,
    severity INTEGER NOT NULL CHECK (severity BETWEEN 0 AND 4),
    time_ns  INTEGER NOT NULL,
    last_ns  INTEGER NOT NULL,
    count    INTEGER NOT NULL,
    detection TEXT NOT NULL,
    record   TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX anomaly_incident ON anomaly (incident);
CREATE INDEX anomaly_time ON anomaly (time_ns);
CREATE INDEX anomaly_open ON anomaly (state, severity);

-- Every revision that was told, in the order of telling.
CREATE TABLE anomaly_history (
    sequence INTEGER PRIMARY KEY,
    anomaly  TEXT NOT NULL,
    revision INTEGER NOT NULL,
    record   TEXT NOT NULL
) STRICT;
CREATE INDEX anomaly_history_of ON anomaly_history (anomaly, revision);
CREATE TRIGGER anomaly_history_keeps BEFORE UPDATE ON anomaly_history
    BEGIN SELECT RAISE(ABORT, 'history is only added to'); END;
CREATE TRIGGER anomaly_history_stays BEFORE DELETE ON anomaly_history
    BEGIN SELECT RAISE(ABORT, 'history is only added to'); END;

CREATE VIEW incident AS
    SELECT incident AS id, COUNT(*) AS anomalies, SUM(count) AS count, MAX(severity) AS severity,
           MIN(time_ns) AS time_ns, MAX(last_ns) AS last_ns
    FROM anomaly GROUP BY incident;

-- Who decided what about the baseline.
CREATE TABLE approval (
    sequence INTEGER PRIMARY KEY,
    action   TEXT NOT NULL,
    key      TEXT NOT NULL,
    who      TEXT NOT NULL,
    at_ns    INTEGER NOT NULL,
    reason   TEXT NOT NULL,
    until_ns INTEGER
) STRICT;
CREATE INDEX approval_key ON approval (key);
CREATE TRIGGER approval_keeps BEFORE UPDATE ON approval
    BEGIN SELECT RAISE(ABORT, 'approvals are only added to'); END;
CREATE TRIGGER approval_stays BEFORE DELETE ON approval
    BEGIN SELECT RAISE(ABORT, 'approvals are only added to'); END;

-- The capture files that the baseline has learned from, and how far.
CREATE TABLE capture (
    fingerprint TEXT PRIMARY KEY,
    path        TEXT NOT NULL,
    frames      INTEGER NOT NULL,
    complete    INTEGER NOT NULL CHECK (complete IN (0, 1)),
    at_ns       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
