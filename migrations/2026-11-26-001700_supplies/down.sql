DELETE FROM alert WHERE kind IN ('stockout', 'reorder', 'both_bins_empty', 'expiry', 'feed_silent', 'count_discrepancy');
CREATE OR REPLACE FUNCTION set_alert_unit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.unit_id := alert_unit(NEW.kind, NEW.asset_id, NEW.room_id, NEW.reader_id);
    RETURN NEW;
END $$;
ALTER TABLE alert DROP COLUMN bin_id;
ALTER TABLE alert DROP COLUMN lot_id;
ALTER TABLE alert DROP COLUMN stock_place_id;
ALTER TABLE alert DROP COLUMN item_id;
ALTER TABLE alert DROP CONSTRAINT alert_kind_check;
ALTER TABLE alert ADD CONSTRAINT alert_kind_check CHECK (kind IN ('equipment_below_critical', 'soiled_in_clean_room', 'missing', 'reader_down'));
DROP TABLE stock_day, stock_level, stock_move, order_line, supply_order, lot, stocking, stock_rule, bin, stock_place, supply_round,
    item_code, item_pack, item, supplier;
DROP FUNCTION keep_stock_levels();
DROP FUNCTION refuse_change();
DROP FUNCTION stock_place_time_zone(bigint);
DROP FUNCTION is_use(text);
