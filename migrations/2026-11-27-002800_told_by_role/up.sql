-- People are told of alerts by what they are: a route names a role, and who has it gives the address that mail goes to.

ALTER TABLE destination ADD COLUMN user_id bigint UNIQUE REFERENCES app_user (id);
ALTER TABLE destination ADD CONSTRAINT destination_user_check CHECK (user_id IS NULL OR kind = 'mail');
COMMENT ON COLUMN destination.user_id IS 'Whose own mail address it is; set by that person alone.';
-- Two people may have one name; what administrators name stays told apart.
DROP INDEX destination_name_key;
CREATE UNIQUE INDEX destination_name_key ON destination (lower(name)) WHERE user_id IS NULL;

ALTER TABLE alert_route ALTER COLUMN destination_id DROP NOT NULL;
ALTER TABLE alert_route ADD COLUMN role text CHECK (role IN ('nurse', 'biomed', 'supply', 'admin'));
ALTER TABLE alert_route ADD CONSTRAINT alert_route_to_check CHECK (num_nonnulls(destination_id, role) = 1);
ALTER TABLE alert_route DROP CONSTRAINT alert_route_key;
ALTER TABLE alert_route ADD CONSTRAINT alert_route_key UNIQUE NULLS NOT DISTINCT (destination_id, role, kind, unit_id, min_severity, step);
COMMENT ON COLUMN alert_route.role IS 'To everybody who is this and gave a mail address: of the unit of the alert, or of none.';

CREATE OR REPLACE FUNCTION told_of(kind text, unit_id bigint, severity text, step smallint, about bigint)
RETURNS TABLE (destination_id bigint, is_digest boolean) LANGUAGE sql STABLE AS $$
    SELECT d.id, bool_and(r.is_digest) OR ($4 > 0 AND escalate_after($3) IS NULL)
    FROM alert_route r
    CROSS JOIN LATERAL (
        SELECT n.id FROM destination n WHERE n.id = r.destination_id AND n.disabled_at IS NULL
        UNION ALL
        SELECT o.id FROM destination o JOIN app_user u ON u.id = o.user_id
        WHERE u.role = r.role AND u.disabled_at IS NULL AND o.disabled_at IS NULL
          AND (u.home_unit_id IS NULL OR $2 IS NULL OR u.home_unit_id = $2)) d
    WHERE r.step = $4 AND (r.kind IS NULL OR r.kind = $1) AND (r.unit_id IS NULL OR r.unit_id = $2)
      AND severity_weight($3) >= severity_weight(r.min_severity) AND d.id IS DISTINCT FROM $5
    GROUP BY d.id
$$;
COMMENT ON FUNCTION told_of IS 'Whom an alert is told at a step: destinations in use, each once, at once when one of their routes says so.';
