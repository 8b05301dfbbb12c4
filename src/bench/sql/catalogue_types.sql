-- The types, each with two models of invented makers.
WITH made AS (INSERT INTO asset_type (name) SELECT unnest($1::text[]) RETURNING id)
INSERT INTO model (asset_type_id, maker, name)
SELECT made.id, maker, 'M' || made.id || suffix
FROM made, unnest(ARRAY['Norvane', 'Tavrin'], ARRAY['A', 'B']) AS models (maker, suffix)
