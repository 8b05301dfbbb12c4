-- What the scheduler needs to find its work without reading the fleet, and hold times of alerts.

ALTER TABLE alert ADD COLUMN calm_since timestamptz;
COMMENT ON COLUMN alert.calm_since IS 'Since when its cause is gone without a break: it ends when that has held for its time. NULL: the cause holds, or ends at once.';
CREATE INDEX alert_alert_key_idx ON alert (alert_key, id);
COMMENT ON INDEX alert_alert_key_idx IS 'The newest alert of a key: back within 10 minutes it opens again.';
CREATE INDEX alert_reader_id_idx ON alert (reader_id, id) WHERE kind = 'reader_down';
CREATE INDEX asset_is_service_blocked_idx ON asset (id) WHERE is_service_blocked;
COMMENT ON INDEX asset_is_service_blocked_idx IS 'The few assets whose service is overdue: the scheduler looks every minute whether that is still so.';
CREATE INDEX place_claim_at_idx ON place_claim (at);
