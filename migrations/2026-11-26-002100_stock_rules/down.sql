DROP TRIGGER stock_place_rules_due ON stock_place;
DROP TRIGGER supply_round_rules_due ON supply_round;
DROP TRIGGER supplier_rules_due ON supplier;
DROP FUNCTION note_rules_due();
DROP TABLE stock_rule_due;
-- The former code reads no rules; what is in force stays in stocking.
DELETE FROM stock_rule;
DROP INDEX stock_rule_above_idx;
COMMENT ON COLUMN stock_rule.fixed_quantity IS NULL;
COMMENT ON COLUMN stock_rule.service_percent IS NULL;
COMMENT ON COLUMN stock_rule.order_days IS NULL;
ALTER TABLE stocking DROP COLUMN rules_at;
ALTER TABLE item DROP COLUMN holding_cost;
ALTER TABLE supplier DROP COLUMN order_cost;
