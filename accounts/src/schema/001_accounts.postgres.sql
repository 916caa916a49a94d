CREATE TABLE portcullis_users (
    id TEXT PRIMARY KEY NOT NULL,
    username TEXT NOT NULL,
    username_canonical TEXT NOT NULL UNIQUE,
    email TEXT,
    email_canonical TEXT,
    -- Only a verified address identifies an account.
    email_verified_at BIGINT,
    password_hash TEXT,
    role TEXT NOT NULL,
    disabled_at BIGINT,
    last_login_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX portcullis_users_verified_email ON portcullis_users (email_canonical) WHERE email_verified_at IS NOT NULL;

CREATE TABLE portcullis_sessions (
    id TEXT PRIMARY KEY NOT NULL,
    user_id TEXT NOT NULL REFERENCES portcullis_users (id) ON DELETE CASCADE,
    -- The digest of the cookie's value; null for a session of tokens.
    cookie_digest TEXT,
    created_at BIGINT NOT NULL,
    authenticated_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT,
    methods TEXT NOT NULL,
    client TEXT NOT NULL,
    scope TEXT,
    user_agent TEXT,
    client_address TEXT
);
CREATE UNIQUE INDEX portcullis_sessions_cookie ON portcullis_sessions (cookie_digest) WHERE cookie_digest IS NOT NULL;
CREATE INDEX portcullis_sessions_user ON portcullis_sessions (user_id);
CREATE INDEX portcullis_sessions_expiry ON portcullis_sessions (expires_at);
CREATE INDEX portcullis_sessions_revoked ON portcullis_sessions (revoked_at) WHERE revoked_at IS NOT NULL;

-- One row for each refresh token; the rows of a session are one family.
CREATE TABLE portcullis_refresh_tokens (
    digest TEXT PRIMARY KEY NOT NULL,
    session_id TEXT NOT NULL REFERENCES portcullis_sessions (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    -- The next one's identifier, from which its text follows.
    successor TEXT
);
CREATE INDEX portcullis_refresh_tokens_session ON portcullis_refresh_tokens (session_id);

-- Keyed by digests: of an account, of a name that nobody has, of an address.
CREATE TABLE portcullis_login_attempts (
    digest TEXT PRIMARY KEY NOT NULL,
    kind TEXT NOT NULL,
    failures BIGINT NOT NULL,
    blocked_until BIGINT NOT NULL,
    last_at BIGINT NOT NULL
);
-- An account's rows, which every log-in makes and deletes, are in neither.
CREATE INDEX portcullis_login_attempts_windows ON portcullis_login_attempts (blocked_until) WHERE kind = 'address';
CREATE INDEX portcullis_login_attempts_nobodies ON portcullis_login_attempts (last_at) WHERE kind = 'nobody';

CREATE TABLE portcullis_links (
    digest TEXT PRIMARY KEY NOT NULL,
    purpose TEXT NOT NULL,
    user_id TEXT REFERENCES portcullis_users (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);

CREATE TABLE portcullis_signing_keys (
    kid TEXT PRIMARY KEY NOT NULL,
    algorithm TEXT NOT NULL,
    sealed TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    signs_from BIGINT NOT NULL
);

-- Every commit that takes something away from a credential counts one up; every process watches it.
CREATE TABLE portcullis_security_epoch (
    id BIGINT PRIMARY KEY NOT NULL CHECK (id = 1),
    epoch BIGINT NOT NULL
);
INSERT INTO portcullis_security_epoch (id, epoch) VALUES (1, 0);

-- Proves at the start that the master key is the one that this database was sealed with.
CREATE TABLE portcullis_master_key_check (
    id BIGINT PRIMARY KEY NOT NULL CHECK (id = 1),
    sealed TEXT NOT NULL
);
