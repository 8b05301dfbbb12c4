-- $1 assets over all models, each with a serial number. CatalogueAsset::new makes the same numbers.
WITH models AS (
    SELECT id, asset_type_id, row_number() OVER (ORDER BY id) - 1 AS place, count(*) OVER () AS size FROM model
), made AS (
    INSERT INTO asset (asset_number, asset_type_id, model_id)
    SELECT 'EQ-' || lpad(n::text, 6, '0'), m.asset_type_id, m.id
    FROM generate_series(1, $1) n JOIN models m ON m.place = n % m.size
    RETURNING id, asset_number
)
INSERT INTO asset_identifier (asset_id, kind, value)
SELECT id, 'serial', 'K' || lpad(((substr(asset_number, 4)::bigint * 104729) % 999999937)::text, 9, '0') FROM made
