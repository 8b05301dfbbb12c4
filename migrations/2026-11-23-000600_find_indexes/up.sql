-- Indexes that the search needs, so that no list reads a big table from end to end.

CREATE INDEX asset_lower_asset_number_c_idx ON asset (lower(asset_number) COLLATE "C");
COMMENT ON INDEX asset_lower_asset_number_c_idx IS 'Beginnings of asset numbers: LIKE can use an index in the C collation only.';
CREATE INDEX asset_asset_type_id_status_idx ON asset (asset_type_id, status, id);
COMMENT ON INDEX asset_asset_type_id_status_idx IS 'Available ones of a type first, and counts per type and status.';
DROP INDEX asset_asset_type_id_idx;
CREATE INDEX asset_model_id_status_idx ON asset (model_id, status, id);
COMMENT ON INDEX asset_model_id_status_idx IS 'The same by model: searches for a maker or model.';
