-- Tags come onto their assets (R1: the unique index refuses a second one). $3 now.
INSERT INTO tag_assignment (tag_id, asset_id, assigned_at)
SELECT t.id, n.asset_id, $3 FROM unnest($1::text[], $2::bigint[]) AS n (key, asset_id) JOIN tag t ON t.tag_key = n.key
ORDER BY t.id
