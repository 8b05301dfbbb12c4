INSERT INTO asset_event (asset_id, act, from_status, to_status, at, learned_at, actor_user_id, rule, room_id, detail, act_key, undoes,
    said_room_id)
SELECT a, $10, b, c, $2, $3, $4, $5, d, $6, $7, e, f
FROM unnest($1::bigint[], $8::text[], $9::text[], $11::bigint[], $12::bigint[], $13::bigint[])
    AS u(a, b, c, d, e, f) ORDER BY a
