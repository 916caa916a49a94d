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
);
CREATE FUNCTION portcullis_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the audit log is append-only'; END;
$$;
CREATE TRIGGER portcullis_audit_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON portcullis_audit_events
FOR EACH STATEMENT EXECUTE FUNCTION portcullis_audit_refuse();
