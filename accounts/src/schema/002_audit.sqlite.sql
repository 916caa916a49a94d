CREATE TABLE portcullis_audit_events (
    id TEXT PRIMARY KEY NOT NULL,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    level TEXT NOT NULL,
    actor TEXT,
    target TEXT,
    outcome TEXT NOT NULL,
    reason TEXT,
    client_address TEXT,
    request_id TEXT,
    details TEXT NOT NULL
) WITHOUT ROWID;
CREATE TRIGGER portcullis_audit_events_no_update BEFORE UPDATE ON portcullis_audit_events
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER portcullis_audit_events_no_delete BEFORE DELETE ON portcullis_audit_events
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
