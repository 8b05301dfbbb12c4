-- Opens alerts, or adds to the count of those that are open (R22). A person who resolved one while its condition held made its
-- key quiet until the condition ends. A condition that is back within 10 minutes opens the same alert again.
WITH wanted AS (
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
        $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $13::bigint[])
        AS u(kind, severity, alert_key, asset_id, asset_type_id, room_id, reader_id, item_id, stock_place_id, lot_id, bin_id, destination_id)
    WHERE NOT EXISTS (SELECT FROM alert quiet
                      WHERE quiet.alert_key = u.alert_key AND quiet.is_active AND quiet.state = 'resolved')
), lately AS (
    SELECT a.id FROM wanted w
    CROSS JOIN LATERAL (SELECT id, state, ended_at FROM alert WHERE alert_key = w.alert_key ORDER BY id DESC LIMIT 1) newest
    JOIN alert a ON a.id = newest.id
    WHERE newest.state = 'resolved' AND newest.ended_at > $12 - interval '10 minutes'
    ORDER BY w.alert_key FOR UPDATE OF a
), again AS (
    UPDATE alert a SET is_active = true, ended_at = NULL, calm_since = NULL, state = 'open', resolved_at = NULL, resolved_by = NULL,
        resolution = NULL, acknowledged_at = NULL, acknowledged_by = NULL, causes = a.causes + 1, last_at = $12,
        reopened = a.reopened + 1,
        severity = (SELECT w.severity FROM wanted w WHERE w.alert_key = a.alert_key)
    FROM lately WHERE a.id = lately.id AND a.state = 'resolved' AND NOT a.is_active
    RETURNING a.alert_key
), opened AS (
    INSERT INTO alert AS a (kind, severity, alert_key, asset_id, asset_type_id, room_id, reader_id, item_id, stock_place_id, lot_id, bin_id,
        destination_id, opened_at, last_at)
    SELECT kind, severity, alert_key, asset_id, asset_type_id, room_id, reader_id, item_id, stock_place_id, lot_id, bin_id, destination_id, $12, $12
    FROM wanted WHERE alert_key NOT IN (SELECT alert_key FROM again)
    ORDER BY alert_key
    ON CONFLICT (alert_key) WHERE state <> 'resolved' DO UPDATE SET causes = a.causes + 1, last_at = excluded.last_at,
        severity = CASE WHEN severity_weight(excluded.severity) > severity_weight(a.severity) THEN excluded.severity ELSE a.severity END
    RETURNING 1
)
SELECT (SELECT count(*) FROM again) + (SELECT count(*) FROM opened) AS n
