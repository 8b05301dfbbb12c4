-- What happened to each asset (R12); a status stays what it is. $4 now, $5 the person, $6 the rule. Each event has a key of its own:
-- the page of an asset counts what shares one, and must not count the whole file.
INSERT INTO asset_event (asset_id, act, from_status, to_status, at, learned_at, actor_user_id, rule, room_id, detail, act_key)
SELECT a.id, n.act, a.status, a.status, $4, $4, $5, $6, a.room_id, n.detail, gen_random_uuid()
FROM unnest($1::bigint[], $2::text[], $3::text[]) AS n (asset_id, act, detail) JOIN asset a ON a.id = n.asset_id
ORDER BY a.id
