-- What was said about one asset, newest first; the page before goes on from an id.
SELECT e.id AS event_id, e.act, e.from_status, e.to_status, e.at, e.rule, e.detail, e.act_key,
       r.id AS room_id, r.name AS room_name, r.kind AS room_kind, coalesce(u.name, f.name) AS area_name,
       p.role AS actor_role, pu.name AS actor_unit,
       EXISTS (SELECT FROM asset_event un WHERE un.undoes = e.id) AS is_undone,
       (SELECT count(*) FROM asset_event w WHERE w.act_key = e.act_key) AS together
FROM (SELECT * FROM asset_event WHERE asset_id = $1 AND at < coalesce($2, 'infinity'::timestamptz) ORDER BY id DESC LIMIT $3) e
LEFT JOIN room r ON r.id = e.room_id
LEFT JOIN floor f ON f.id = r.floor_id
LEFT JOIN unit u ON u.id = r.unit_id
LEFT JOIN app_user p ON p.id = e.actor_user_id
LEFT JOIN unit pu ON pu.id = p.home_unit_id
ORDER BY e.id DESC
