-- What was told of which alert, alerts that are told further with the next message that tells several, and when a password was last entered.

CREATE TABLE outbox_alert (
    alert_id bigint NOT NULL REFERENCES alert (id) ON DELETE CASCADE,
    outbox_id bigint NOT NULL REFERENCES outbox (id) ON DELETE CASCADE,
    PRIMARY KEY (alert_id, outbox_id)
);
COMMENT ON TABLE outbox_alert IS 'Which alerts a message tells that tells several; one that tells a single alert names it in outbox.alert_id.';
CREATE INDEX outbox_alert_outbox_id_idx ON outbox_alert (outbox_id);
CREATE INDEX digest_entry_alert_id_idx ON digest_entry (alert_id);
INSERT INTO outbox_alert (alert_id, outbox_id)
SELECT a.id, o.id FROM outbox o
CROSS JOIN LATERAL jsonb_array_elements_text(o.payload -> 'alerts') AS told (id)
JOIN alert a ON a.id = told.id::bigint
WHERE o.event = 'digest';

ALTER TABLE user_session ADD COLUMN password_at timestamptz;
COMMENT ON COLUMN user_session.password_at IS 'When its person last entered a password: for five minutes from then they may change keys, web addresses and the like (S-16).';
UPDATE user_session SET password_at = created_at WHERE user_id IS NOT NULL;

-- As before, and: what is neither critical nor high is told further together with others.
CREATE OR REPLACE FUNCTION told_of(kind text, unit_id bigint, severity text, step smallint, about bigint)
RETURNS TABLE (destination_id bigint, is_digest boolean) LANGUAGE sql STABLE AS $$
    SELECT r.destination_id, bool_and(r.is_digest) OR ($4 > 0 AND escalate_after($3) IS NULL)
    FROM alert_route r JOIN destination d ON d.id = r.destination_id
    WHERE d.disabled_at IS NULL AND r.step = $4 AND (r.kind IS NULL OR r.kind = $1) AND (r.unit_id IS NULL OR r.unit_id = $2)
      AND severity_weight($3) >= severity_weight(r.min_severity) AND d.id IS DISTINCT FROM $5
    GROUP BY r.destination_id
$$;
COMMENT ON FUNCTION escalate_after IS 'How long an alert may stay without anybody acknowledging it; NULL: until the next message that tells several.';

CREATE FUNCTION next_digest(minutes integer, since timestamptz) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT date_bin($1 * interval '1 minute', $2, 'epoch'::timestamptz) + $1 * interval '1 minute'
$$;
COMMENT ON FUNCTION next_digest IS 'When a destination that is told so often gets the next message that tells several.';

CREATE FUNCTION next_escalation(kind text, unit_id bigint, severity text, step smallint, about bigint, since timestamptz)
RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT coalesce($6 + escalate_after($3), (
        SELECT min(next_digest(d.digest_minutes, coalesce(
            -- Whoever is told of it first, and together with others, has until the message after that one.
            (SELECT min(CASE WHEN f.is_digest THEN next_digest(fd.digest_minutes, $6) ELSE $6 END)
             FROM told_of($1, $2, $3, 0::smallint, $5) f JOIN destination fd ON fd.id = f.destination_id WHERE $4 = 0), $6)))
        FROM generate_series($4 + 1, 5) AS later (step)
        CROSS JOIN LATERAL told_of($1, $2, $3, later.step::smallint, $5) t
        JOIN destination d ON d.id = t.destination_id))
$$;
COMMENT ON FUNCTION next_escalation IS 'When an alert is told further that was told at this step and is not acknowledged: critical and high ones after their time, the others with the next message that tells several; NULL when nobody would be told.';

CREATE OR REPLACE FUNCTION tell_alert() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    event text; step smallint := 0; happening text; at timestamptz := NEW.last_at; entered timestamptz := NEW.last_at;
BEGIN
    IF TG_OP = 'INSERT' THEN
        event := 'opened'; happening := '0';
    ELSIF OLD.state = 'resolved' AND NEW.state = 'open' THEN
        event := 'reopened'; happening := NEW.reopened::text;
    ELSIF NEW.state <> 'resolved' AND severity_weight(NEW.severity) > severity_weight(OLD.severity) THEN
        event := 'raised'; happening := NEW.severity || '.' || NEW.reopened;
    ELSIF NEW.step > OLD.step THEN
        event := 'escalated'; step := NEW.step; happening := NEW.step || '.' || NEW.reopened;
        -- When it fell due: it may have been snoozed for days.
        at := coalesce(greatest(OLD.escalate_at, NEW.snoozed_until), NEW.last_at);
        -- What is told further with the next message that tells several belongs to that one, so to the period that ends with it.
        entered := CASE WHEN escalate_after(NEW.severity) IS NULL THEN at - interval '1 microsecond' ELSE at END;
    ELSE
        RETURN NULL;
    END IF;
    INSERT INTO outbox (destination_id, alert_id, event, dedupe_key, created_at, next_at)
    SELECT t.destination_id, NEW.id, event, format('alert:%s:%s:%s:to:%s', NEW.id, event, happening, t.destination_id), at, at
    FROM told_of(NEW.kind, NEW.unit_id, NEW.severity, step, NEW.destination_id) t WHERE NOT t.is_digest
    ON CONFLICT (dedupe_key) DO NOTHING;
    INSERT INTO digest_entry (destination_id, alert_id, entered_at)
    SELECT t.destination_id, NEW.id, entered
    FROM told_of(NEW.kind, NEW.unit_id, NEW.severity, step, NEW.destination_id) t WHERE t.is_digest
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION set_alert_escalation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' OR (OLD.state = 'resolved' AND NEW.state = 'open') THEN
        NEW.escalate_at := next_escalation(NEW.kind, NEW.unit_id, NEW.severity, 0::smallint, NEW.destination_id, NEW.last_at);
    ELSIF NEW.state = 'open' AND severity_weight(NEW.severity) > severity_weight(OLD.severity) THEN
        -- It matters more now: it never waits longer for that.
        NEW.escalate_at := least(NEW.escalate_at,
            next_escalation(NEW.kind, NEW.unit_id, NEW.severity, NEW.step, NEW.destination_id, NEW.last_at));
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.state = 'resolved' AND NEW.state = 'open' THEN
        NEW.step := 0; NEW.snoozed_until := NULL; NEW.snoozed_by := NULL; NEW.snooze_reason := NULL;
    END IF;
    RETURN NEW;
END $$;
-- Triggers run in the order of their names, and this one needs the unit that alert_insert_unit sets.
DROP TRIGGER alert_insert_escalation ON alert;
CREATE TRIGGER alert_insert_unit_then_escalation BEFORE INSERT ON alert FOR EACH ROW EXECUTE FUNCTION set_alert_escalation();

UPDATE alert SET escalate_at = next_escalation(kind, unit_id, severity, step, destination_id, now())
WHERE state = 'open' AND escalate_at IS NULL AND severity IN ('low', 'medium');
