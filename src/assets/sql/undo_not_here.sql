-- Takes back the "not here" of one form: an earlier one of somebody else, or an earlier find in this room, counts again.
UPDATE asset_place p SET
    scanned_at = found.at,
    not_here_at = (
        SELECT max(e.at) FROM asset_event e
        WHERE e.asset_id = p.asset_id AND e.act = 'not_here' AND e.act_key <> $2
          AND e.at >= p.entered_at AND e.at >= coalesce(found.at, '-infinity')
          AND NOT EXISTS (SELECT FROM asset_event un WHERE un.undoes = e.id)
    )
FROM asset a LEFT JOIN LATERAL (
    SELECT max(e.at) AS at FROM asset_event e JOIN asset_place q ON q.asset_id = e.asset_id
    WHERE e.asset_id = a.id AND e.act = 'found' AND e.at >= q.entered_at AND e.room_id = q.room_id
) found ON true
WHERE p.asset_id = a.id AND a.id = ANY ($1)
RETURNING p.asset_id, p.not_here_at
