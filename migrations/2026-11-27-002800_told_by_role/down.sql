DELETE FROM alert_route WHERE role IS NOT NULL;
CREATE OR REPLACE FUNCTION told_of(kind text, unit_id bigint, severity text, step smallint, about bigint)
RETURNS TABLE (destination_id bigint, is_digest boolean) LANGUAGE sql STABLE AS $$
    SELECT r.destination_id, bool_and(r.is_digest) OR ($4 > 0 AND escalate_after($3) IS NULL)
    FROM alert_route r JOIN destination d ON d.id = r.destination_id
    WHERE d.disabled_at IS NULL AND r.step = $4 AND (r.kind IS NULL OR r.kind = $1) AND (r.unit_id IS NULL OR r.unit_id = $2)
      AND severity_weight($3) >= severity_weight(r.min_severity) AND d.id IS DISTINCT FROM $5
    GROUP BY r.destination_id
$$;
COMMENT ON FUNCTION told_of IS NULL;
ALTER TABLE alert_route DROP CONSTRAINT alert_route_key;
ALTER TABLE alert_route DROP CONSTRAINT alert_route_to_check;
ALTER TABLE alert_route DROP COLUMN role;
ALTER TABLE alert_route ALTER COLUMN destination_id SET NOT NULL;
ALTER TABLE alert_route ADD CONSTRAINT alert_route_key UNIQUE NULLS NOT DISTINCT (destination_id, kind, unit_id, min_severity, step);
DELETE FROM outbox WHERE destination_id IN (SELECT id FROM destination WHERE user_id IS NOT NULL);
UPDATE alert SET destination_id = NULL WHERE destination_id IN (SELECT id FROM destination WHERE user_id IS NOT NULL);
DELETE FROM destination WHERE user_id IS NOT NULL;
DROP INDEX destination_name_key;
CREATE UNIQUE INDEX destination_name_key ON destination (lower(name));
ALTER TABLE destination DROP CONSTRAINT destination_user_check;
ALTER TABLE destination DROP COLUMN user_id;
