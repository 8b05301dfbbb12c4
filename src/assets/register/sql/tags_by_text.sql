-- Tags with one of these keys, or on the device with this number.
SELECT tg.id AS tag_id, tg.tag_key, tg.technology, tg.expected_interval_ms, ta.asset_id, a.asset_number, t.name AS type_name,
       s.seen_at, s.battery_pct
FROM (SELECT id FROM tag WHERE tag_key = ANY ($1)
      UNION
      SELECT o.tag_id FROM asset n JOIN tag_assignment o ON o.asset_id = n.id AND o.ended_at IS NULL
      WHERE lower(n.asset_number) = lower($2)) found
JOIN tag tg ON tg.id = found.id
LEFT JOIN tag_assignment ta ON ta.tag_id = tg.id AND ta.ended_at IS NULL
LEFT JOIN asset a ON a.id = ta.asset_id
LEFT JOIN asset_type t ON t.id = a.asset_type_id
LEFT JOIN tag_state s ON s.tag_id = tg.id
ORDER BY tg.tag_key LIMIT 50
