-- Places that people gave in the last minutes, for each tag of the asset.
SELECT c.id AS claim_id, ta.tag_id, c.room_id, c.at
FROM place_claim c JOIN tag_assignment ta ON ta.asset_id = c.asset_id AND ta.ended_at IS NULL
ORDER BY c.id, ta.tag_id
