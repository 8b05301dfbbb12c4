DROP TABLE user_favourite_type;
ALTER TABLE asset_event DROP COLUMN said_room_id;
DROP TRIGGER alert_insert_unit ON alert;
DROP INDEX alert_unresolved_list_idx, alert_unresolved_unit_idx, alert_resolved_at_idx;
ALTER TABLE alert DROP COLUMN unit_id;
DROP FUNCTION set_alert_unit();
DROP FUNCTION alert_unit(text, bigint, bigint, bigint);
DROP FUNCTION severity_weight(text);
