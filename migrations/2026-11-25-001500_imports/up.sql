-- Files on their way into the register.
CREATE TABLE csv_upload (
    upload_key uuid PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES app_user (id),
    file_name text NOT NULL CHECK (length(file_name) <= 120),
    at timestamptz NOT NULL,
    content bytea NOT NULL CHECK (octet_length(content) <= 10485760)
);
COMMENT ON TABLE csv_upload IS 'A file between its check and its import, so that exactly what was shown is imported. Kept an hour, three a person.';
COMMENT ON COLUMN csv_upload.file_name IS 'What its sender called it; shown back to them only.';
CREATE INDEX csv_upload_at_idx ON csv_upload (at);
CREATE INDEX csv_upload_user_id_idx ON csv_upload (user_id, at);
