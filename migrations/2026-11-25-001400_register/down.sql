DROP INDEX asset_identifier_lower_value_c_idx;
DROP INDEX asset_retired_idx;
DROP INDEX asset_owner_unit_id_idx;
