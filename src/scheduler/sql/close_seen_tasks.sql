-- Look-for tasks whose asset is known to be in a room again: it came there after the report, or it is another room than the one
-- where somebody looked. A report that stands (not_here_at) keeps its task.
WITH done AS (
    SELECT t.id, a.id AS asset_id, a.asset_type_id, p.room_id
    FROM task t
    JOIN asset a ON a.id = t.asset_id
    JOIN asset_place p ON p.asset_id = a.id
    WHERE t.state = 'open' AND t.kind = 'look_for' AND a.status <> 'missing' AND p.not_here_at IS NULL
      AND (p.entered_at > t.opened_at OR p.room_id IS DISTINCT FROM t.room_id)
    ORDER BY t.id LIMIT $2 FOR UPDATE OF t SKIP LOCKED
)
UPDATE task SET state = 'done', outcome = 'seen', closed_at = $1 FROM done WHERE task.id = done.id
RETURNING done.asset_id, done.asset_type_id, done.room_id
