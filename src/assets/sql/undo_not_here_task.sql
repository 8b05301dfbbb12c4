-- A report that was taken back leaves the task to the one that stands: where, when and by whom that was said.
UPDATE task t SET room_id = e.room_id, opened_at = e.at, opened_by = e.actor_user_id
FROM asset_place p JOIN asset_event e ON e.asset_id = p.asset_id AND e.act = 'not_here' AND e.at = p.not_here_at
WHERE t.asset_id = p.asset_id AND t.kind = 'look_for' AND t.state = 'open' AND p.asset_id = ANY ($1)
