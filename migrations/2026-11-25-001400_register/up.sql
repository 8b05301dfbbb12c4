-- Indexes of the register's lists, so that none of them reads all assets.

CREATE INDEX asset_owner_unit_id_idx ON asset (owner_unit_id, id) WHERE owner_unit_id IS NOT NULL;
COMMENT ON INDEX asset_owner_unit_id_idx IS 'Devices of a unit, and whether a unit owns any.';
CREATE INDEX asset_retired_idx ON asset (lower(asset_number) COLLATE "C") WHERE status = 'retired';
COMMENT ON INDEX asset_retired_idx IS 'Retired devices by number; the other indexes of statuses leave them out.';
CREATE INDEX asset_identifier_lower_value_c_idx ON asset_identifier (lower(value) COLLATE "C");
COMMENT ON INDEX asset_identifier_lower_value_c_idx IS 'Beginnings of identifiers: LIKE can use an index in the C collation only.';
