-- The newest periods in which tags were on a device, or a tag on devices.
SELECT p.tag_id, tg.tag_key, p.asset_id, a.asset_number, p.assigned_at, p.ended_at
FROM (SELECT id, tag_id, asset_id, assigned_at, ended_at FROM tag_assignment WHERE asset_id = $1
      UNION
      SELECT id, tag_id, asset_id, assigned_at, ended_at FROM tag_assignment WHERE tag_id = $2) p
JOIN tag tg ON tg.id = p.tag_id
JOIN asset a ON a.id = p.asset_id
ORDER BY p.assigned_at DESC, p.id DESC LIMIT 50
