DROP INDEX place_claim_at_idx;
DROP INDEX asset_is_service_blocked_idx;
DROP INDEX alert_reader_id_idx;
DROP INDEX alert_alert_key_idx;
ALTER TABLE alert DROP COLUMN calm_since;
