UPDATE alert SET escalate_at = NULL WHERE severity IN ('low', 'medium') AND escalate_at IS NOT NULL;
DROP TRIGGER alert_insert_unit_then_escalation ON alert;
CREATE TRIGGER alert_insert_escalation BEFORE INSERT ON alert FOR EACH ROW EXECUTE FUNCTION set_alert_escalation();

CREATE OR REPLACE FUNCTION set_alert_escalation() RETURNS trigger LANGUAGE plpgsql AS $$
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

CREATE OR REPLACE FUNCTION tell_alert() RETURNS trigger LANGUAGE plpgsql AS $$
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

DROP FUNCTION next_escalation(text, bigint, text, smallint, bigint, timestamptz);
DROP FUNCTION next_digest(integer, timestamptz);
COMMENT ON FUNCTION escalate_after IS 'How long an alert may stay without anybody acknowledging it; NULL: for ever.';
CREATE OR REPLACE FUNCTION told_of(kind text, unit_id bigint, severity text, step smallint, about bigint)
RETURNS TABLE (destination_id bigint, is_digest boolean) LANGUAGE sql STABLE AS $$
    SELECT r.destination_id, bool_and(r.is_digest)
    FROM alert_route r JOIN destination d ON d.id = r.destination_id
    WHERE d.disabled_at IS NULL AND r.step = $4 AND (r.kind IS NULL OR r.kind = $1) AND (r.unit_id IS NULL OR r.unit_id = $2)
      AND severity_weight($3) >= severity_weight(r.min_severity) AND d.id IS DISTINCT FROM $5
    GROUP BY r.destination_id
$$;

ALTER TABLE user_session DROP COLUMN password_at;
DROP INDEX digest_entry_alert_id_idx;
DROP TABLE outbox_alert;
