DROP TRIGGER stock_place_reference ON stock_place;
DROP TRIGGER tag_assignment_free ON tag_assignment;
DROP TABLE inventory_part, cabinet, unit_tag, bin_card;
DROP FUNCTION check_tag_is_free();
ALTER TABLE bin DROP COLUMN filled_at;
ALTER TABLE antenna DROP COLUMN purpose;
