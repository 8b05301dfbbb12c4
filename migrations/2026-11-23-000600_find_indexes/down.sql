CREATE INDEX asset_asset_type_id_idx ON asset (asset_type_id, id);
DROP INDEX asset_model_id_status_idx;
DROP INDEX asset_asset_type_id_status_idx;
DROP INDEX asset_lower_asset_number_c_idx;
