-- Who is told of alerts, and the messages to them.

CREATE TABLE destination (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 80),
    kind text NOT NULL CHECK (kind IN ('mail', 'webhook')),
    address text NOT NULL CHECK (length(address) BETWEEN 3 AND 500),
    secret text CHECK (secret LIKE 'whsec_%'),
    old_secret text CHECK (old_secret LIKE 'whsec_%'),
    old_secret_until timestamptz,
    digest_minutes integer NOT NULL DEFAULT 240 CHECK (digest_minutes BETWEEN 1 AND 1440),
    failures integer NOT NULL DEFAULT 0 CHECK (failures >= 0),
    broken_until timestamptz,
    disabled_at timestamptz,
    disabled_reason text CHECK (length(disabled_reason) BETWEEN 1 AND 200),
    created_at timestamptz NOT NULL,
    CONSTRAINT destination_signed_check CHECK ((kind = 'webhook') = (secret IS NOT NULL)),
    CONSTRAINT destination_rotation_check CHECK ((old_secret IS NULL) = (old_secret_until IS NULL))
);
COMMENT ON TABLE destination IS 'Where messages go: a mail address of a team, or the web address of another program.';
COMMENT ON COLUMN destination.secret IS 'Key that messages to a web address are signed with (S-44); it is needed in plain text to sign.';
COMMENT ON COLUMN destination.old_secret IS 'The key before it: messages carry both signatures until old_secret_until.';
COMMENT ON COLUMN destination.digest_minutes IS 'Alerts that may wait are sent together, this often.';
COMMENT ON COLUMN destination.failures IS 'Failed tries in a row; with five of them nothing is tried for a while.';
CREATE UNIQUE INDEX destination_name_key ON destination (lower(name));

CREATE TABLE alert_route (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    destination_id bigint NOT NULL REFERENCES destination (id) ON DELETE CASCADE,
    kind text,
    unit_id bigint REFERENCES unit (id),
    min_severity text NOT NULL DEFAULT 'low' CHECK (min_severity IN ('low', 'medium', 'high', 'critical')),
    step smallint NOT NULL DEFAULT 0 CHECK (step BETWEEN 0 AND 5),
    is_digest boolean NOT NULL DEFAULT false,
    CONSTRAINT alert_route_key UNIQUE NULLS NOT DISTINCT (destination_id, kind, unit_id, min_severity, step)
);
COMMENT ON TABLE alert_route IS 'Which alerts go to which destination. NULL: of every kind, or of every unit.';
COMMENT ON COLUMN alert_route.step IS '0: when the alert begins; 1 and above: when nobody has acknowledged it that many times over.';

CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    message_id uuid NOT NULL DEFAULT gen_random_uuid(),
    destination_id bigint NOT NULL REFERENCES destination (id),
    alert_id bigint REFERENCES alert (id) ON DELETE SET NULL,
    event text NOT NULL CHECK (event IN ('opened', 'reopened', 'raised', 'escalated', 'digest', 'test')),
    dedupe_key text NOT NULL CHECK (length(dedupe_key) BETWEEN 1 AND 200),
    payload jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL,
    next_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    locked_until timestamptz,
    first_tried_at timestamptz,
    done_at timestamptz,
    failed_at timestamptz,
    last_error text CHECK (length(last_error) <= 300),
    CONSTRAINT outbox_dedupe_key_key UNIQUE (dedupe_key),
    CONSTRAINT outbox_message_id_key UNIQUE (message_id),
    CONSTRAINT outbox_end_check CHECK (done_at IS NULL OR failed_at IS NULL)
) WITH (fillfactor = 80);
COMMENT ON TABLE outbox IS 'Messages, written in the transaction of what causes them and sent afterwards: at least once, always under the same id.';
COMMENT ON COLUMN outbox.message_id IS 'The same over all tries (webhook-id, Message-ID): whoever gets it twice can tell.';
COMMENT ON COLUMN outbox.dedupe_key IS 'One cause makes one message to a destination.';
COMMENT ON COLUMN outbox.failed_at IS 'The last try failed too: not delivered.';
CREATE INDEX outbox_due_idx ON outbox (next_at, id) WHERE done_at IS NULL AND failed_at IS NULL;
CREATE INDEX outbox_alert_id_idx ON outbox (alert_id, id) WHERE alert_id IS NOT NULL;
CREATE INDEX outbox_destination_id_idx ON outbox (destination_id, id);
CREATE INDEX outbox_ended_idx ON outbox (created_at) WHERE done_at IS NOT NULL OR failed_at IS NOT NULL;

CREATE TABLE digest_entry (
    destination_id bigint NOT NULL REFERENCES destination (id) ON DELETE CASCADE,
    alert_id bigint NOT NULL REFERENCES alert (id) ON DELETE CASCADE,
    entered_at timestamptz NOT NULL,
    PRIMARY KEY (destination_id, alert_id)
);
COMMENT ON TABLE digest_entry IS 'Alerts that wait for the next message that tells several.';

-- Escalation, snooze, flapping.
ALTER TABLE alert ADD COLUMN reopened integer NOT NULL DEFAULT 0;
ALTER TABLE alert ADD COLUMN step smallint NOT NULL DEFAULT 0;
ALTER TABLE alert ADD COLUMN escalate_at timestamptz;
ALTER TABLE alert ADD COLUMN snoozed_until timestamptz;
ALTER TABLE alert ADD COLUMN snoozed_by bigint REFERENCES app_user (id);
ALTER TABLE alert ADD COLUMN snooze_reason text CHECK (length(snooze_reason) BETWEEN 1 AND 200);
ALTER TABLE alert ADD COLUMN destination_id bigint REFERENCES destination (id);
ALTER TABLE alert ADD CONSTRAINT alert_snooze_check CHECK (num_nonnulls(snoozed_until, snoozed_by, snooze_reason) IN (0, 3));
COMMENT ON COLUMN alert.reopened IS 'How often it came back within ten minutes: it flaps.';
COMMENT ON COLUMN alert.step IS 'How often it was told further because nobody acknowledged it.';
COMMENT ON COLUMN alert.escalate_at IS 'When it is told further.';
COMMENT ON COLUMN alert.destination_id IS 'Where messages could not be delivered to.';
CREATE INDEX alert_escalate_at_idx ON alert (escalate_at, id) WHERE state = 'open' AND escalate_at IS NOT NULL;
ALTER TABLE alert DROP CONSTRAINT alert_kind_check;
ALTER TABLE alert ADD CONSTRAINT alert_kind_check CHECK (kind IN ('equipment_below_critical', 'soiled_in_clean_room', 'missing', 'reader_down',
    'stockout', 'reorder', 'both_bins_empty', 'expiry', 'feed_silent', 'count_discrepancy', 'not_delivered'));

CREATE FUNCTION escalate_after(severity text) RETURNS interval LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE $1 WHEN 'critical' THEN interval '15 minutes' WHEN 'high' THEN interval '60 minutes' END
$$;
COMMENT ON FUNCTION escalate_after IS 'How long an alert may stay without anybody acknowledging it; NULL: for ever.';

-- Whom an alert is told at a step: destinations in use, each once, at once when one of their routes says so.
CREATE FUNCTION told_of(kind text, unit_id bigint, severity text, step smallint, about bigint)
RETURNS TABLE (destination_id bigint, is_digest boolean) LANGUAGE sql STABLE AS $$
    SELECT r.destination_id, bool_and(r.is_digest)
    FROM alert_route r JOIN destination d ON d.id = r.destination_id
    WHERE d.disabled_at IS NULL AND r.step = $4 AND (r.kind IS NULL OR r.kind = $1) AND (r.unit_id IS NULL OR r.unit_id = $2)
      AND severity_weight($3) >= severity_weight(r.min_severity) AND d.id IS DISTINCT FROM $5
    GROUP BY r.destination_id
$$;

CREATE FUNCTION tell_alert() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    event text; step smallint := 0; happening text; at timestamptz := NEW.last_at;
BEGIN
    IF TG_OP = 'INSERT' THEN
        event := 'opened'; happening := '0';
    ELSIF OLD.state = 'resolved' AND NEW.state = 'open' THEN
        event := 'reopened'; happening := NEW.reopened::text;
    ELSIF NEW.state <> 'resolved' AND severity_weight(NEW.severity) > severity_weight(OLD.severity) THEN
        event := 'raised'; happening := NEW.severity;
    ELSIF NEW.step > OLD.step THEN
        event := 'escalated'; step := NEW.step; happening := NEW.step || '.' || NEW.reopened; at := OLD.escalate_at;
    ELSE
        RETURN NULL;
    END IF;
    INSERT INTO outbox (destination_id, alert_id, event, dedupe_key, created_at, next_at)
    SELECT t.destination_id, NEW.id, event, format('alert:%s:%s:%s:to:%s', NEW.id, event, happening, t.destination_id), at, at
    FROM told_of(NEW.kind, NEW.unit_id, NEW.severity, step, NEW.destination_id) t WHERE NOT t.is_digest
    ON CONFLICT (dedupe_key) DO NOTHING;
    INSERT INTO digest_entry (destination_id, alert_id, entered_at)
    SELECT t.destination_id, NEW.id, at
    FROM told_of(NEW.kind, NEW.unit_id, NEW.severity, step, NEW.destination_id) t WHERE t.is_digest
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION tell_alert IS 'R23: messages go to the outbox in the transaction that opens the alert, whoever opens it.';
CREATE TRIGGER alert_insert_tell AFTER INSERT ON alert FOR EACH ROW EXECUTE FUNCTION tell_alert();
CREATE TRIGGER alert_update_tell AFTER UPDATE OF state, severity, step ON alert FOR EACH ROW EXECUTE FUNCTION tell_alert();

CREATE FUNCTION set_alert_escalation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' OR (OLD.state = 'resolved' AND NEW.state = 'open')
        OR (NEW.state = 'open' AND NEW.escalate_at IS NULL AND severity_weight(NEW.severity) > severity_weight(OLD.severity)) THEN
        NEW.escalate_at := NEW.last_at + escalate_after(NEW.severity);
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.state = 'resolved' AND NEW.state = 'open' THEN
        NEW.step := 0; NEW.snoozed_until := NULL; NEW.snoozed_by := NULL; NEW.snooze_reason := NULL;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER alert_insert_escalation BEFORE INSERT ON alert FOR EACH ROW EXECUTE FUNCTION set_alert_escalation();
CREATE TRIGGER alert_update_escalation BEFORE UPDATE OF state, severity ON alert FOR EACH ROW EXECUTE FUNCTION set_alert_escalation();
