-- People who sign in, their sessions, and the record of what was changed.

CREATE TABLE app_user (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sign_in_name text NOT NULL CHECK (sign_in_name ~ '^[a-z0-9][a-z0-9._-]{0,63}$'),
    display_name text NOT NULL CHECK (length(display_name) BETWEEN 1 AND 120),
    role text NOT NULL CHECK (role IN ('nurse', 'supply', 'biomed', 'admin')),
    home_unit_id bigint REFERENCES unit (id),
    password_hash text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    disabled_at timestamptz,
    CONSTRAINT app_user_sign_in_name_key UNIQUE (sign_in_name)
);
COMMENT ON TABLE app_user IS 'One account a person; rows are never deleted, so that ids are never used twice (S-01).';
COMMENT ON COLUMN app_user.password_hash IS 'argon2id with its parameters (S-06).';

CREATE TABLE user_session (
    token_hash bytea PRIMARY KEY CHECK (length(token_hash) = 32),
    user_id bigint REFERENCES app_user (id),
    created_at timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    flash text,
    CONSTRAINT user_session_expiry_check CHECK (expires_at > created_at)
);
COMMENT ON TABLE user_session IS 'Server-side sessions; only the SHA-256 of the cookie is stored (S-11). Without a user: a visitor on the sign-in page, so that its form has a token too (S-25).';
CREATE INDEX user_session_user_id_idx ON user_session (user_id);
CREATE INDEX user_session_expires_at_idx ON user_session (expires_at);

CREATE TABLE sign_in_failure (
    account text NOT NULL,
    network text NOT NULL,
    failures integer NOT NULL,
    next_try_at timestamptz NOT NULL,
    last_failed_at timestamptz NOT NULL,
    PRIMARY KEY (account, network)
);
COMMENT ON TABLE sign_in_failure IS 'Wrong passwords per name and network: after the fifth each further try waits twice as long, up to 15 min (S-07).';

CREATE TABLE setup_link (
    token_hash bytea PRIMARY KEY CHECK (length(token_hash) = 32),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
COMMENT ON TABLE setup_link IS 'One-time link that makes the first administrator; dies after use or one hour (S-09).';

CREATE TABLE audit_log (
    id bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL,
    actor_user_id bigint,
    actor text NOT NULL,
    action text NOT NULL CHECK (length(action) BETWEEN 1 AND 64),
    subject text NOT NULL,
    before jsonb,
    after jsonb,
    reason text,
    PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
COMMENT ON TABLE audit_log IS 'Who changed what and when (S-50): a partition a month, kept 6 years.';
COMMENT ON COLUMN audit_log.actor IS 'user, command (a wardtrack command on the server), or the rule that acted.';
CREATE INDEX audit_log_at_idx ON audit_log (at DESC, id DESC);
