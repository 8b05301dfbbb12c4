-- Rules of restocking that are inherited down the tree of places (docs/adr/0016-inherited-rules.md).

-- What an order costs and what it costs to hold one unit: the size of order with the least cost follows from both.
ALTER TABLE supplier ADD COLUMN order_cost double precision CONSTRAINT supplier_order_cost_check CHECK (order_cost > 0 AND order_cost <= 1000000);
COMMENT ON COLUMN supplier.order_cost IS 'What one order costs, whatever is in it, in the money of the hospital; NULL: nobody said.';
ALTER TABLE item ADD COLUMN holding_cost double precision CONSTRAINT item_holding_cost_check CHECK (holding_cost > 0 AND holding_cost <= 1000000);
COMMENT ON COLUMN item.holding_cost IS 'What it costs to hold one base unit for a year, in the same money; NULL: nobody said.';

-- Nobody changes what is read here before the column is there; taking and counting go on.
LOCK TABLE stocking IN SHARE ROW EXCLUSIVE MODE;

-- What was in force until today becomes a rule at its item and place, so that nothing changes for anybody.
INSERT INTO stock_rule (item_id, stock_place_id, method, reorder_point, par, maximum, fixed_quantity, rounding)
SELECT item_id, stock_place_id, nullif(method, 'to_par'), least(reorder_point, 1000000000), least(par, 1000000000),
       -- least and greatest leave NULL out, so they would make a number of none.
       CASE WHEN maximum IS NOT NULL THEN least(greatest(maximum, 0), 1000000000) END,
       CASE WHEN fixed_quantity IS NOT NULL THEN least(fixed_quantity, 1000000000) END, nullif(rounding, 'up')
FROM stocking ORDER BY item_id, stock_place_id
ON CONFLICT ON CONSTRAINT stock_rule_scope_key DO UPDATE SET method = excluded.method, reorder_point = excluded.reorder_point,
    par = excluded.par, maximum = excluded.maximum, fixed_quantity = excluded.fixed_quantity, rounding = excluded.rounding;

COMMENT ON COLUMN stock_rule.fixed_quantity IS 'Orders are multiples of it; of two bins what one of them holds.';
COMMENT ON COLUMN stock_rule.service_percent IS 'How often an order should come in time: the safety stock follows from it.';
COMMENT ON COLUMN stock_rule.order_days IS 'How many days one order should last.';
-- The list of rules that stand above a place.
CREATE INDEX stock_rule_above_idx ON stock_rule (id) WHERE stock_place_id IS NULL;

CREATE TABLE stock_rule_due (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    item_id bigint REFERENCES item (id) ON DELETE CASCADE,
    stock_place_id bigint REFERENCES stock_place (id) ON DELETE CASCADE,
    room_id bigint REFERENCES room (id) ON DELETE CASCADE,
    floor_id bigint REFERENCES floor (id) ON DELETE CASCADE,
    building_id bigint REFERENCES building (id) ON DELETE CASCADE,
    facility_id bigint REFERENCES facility (id) ON DELETE CASCADE,
    supplier_id bigint REFERENCES supplier (id) ON DELETE CASCADE,
    supply_round_id bigint REFERENCES supply_round (id) ON DELETE CASCADE,
    after_item_id bigint,
    after_stock_place_id bigint,
    CONSTRAINT stock_rule_due_after_check CHECK ((after_item_id IS NULL) = (after_stock_place_id IS NULL))
);
COMMENT ON TABLE stock_rule_due IS 'A change that reaches many items and places: the scheduler carries it into stocking in parts, and takes the row away when it is through. All columns NULL: everything.';
COMMENT ON COLUMN stock_rule_due.after_item_id IS 'The last item and place that is done, in the order of the key of stocking; NULL: none yet.';

CREATE FUNCTION note_rules_due() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    CASE TG_TABLE_NAME
        WHEN 'supplier' THEN INSERT INTO stock_rule_due (supplier_id) VALUES (NEW.id);
        WHEN 'supply_round' THEN INSERT INTO stock_rule_due (supply_round_id) VALUES (NEW.id);
        ELSE INSERT INTO stock_rule_due (stock_place_id) VALUES (NEW.id);
    END CASE;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION note_rules_due IS 'Whoever changes what reorder points are computed from, or where a place is: the rules are carried anew. A plain insert never waits for anybody.';
CREATE TRIGGER supplier_rules_due AFTER UPDATE OF lead_days, lead_deviation_days, order_cost ON supplier FOR EACH ROW
    WHEN ((OLD.lead_days, OLD.lead_deviation_days, OLD.order_cost) IS DISTINCT FROM (NEW.lead_days, NEW.lead_deviation_days, NEW.order_cost))
    EXECUTE FUNCTION note_rules_due();
CREATE TRIGGER supply_round_rules_due AFTER UPDATE OF every_days ON supply_round FOR EACH ROW
    WHEN (OLD.every_days IS DISTINCT FROM NEW.every_days) EXECUTE FUNCTION note_rules_due();
CREATE TRIGGER stock_place_rules_due AFTER UPDATE OF room_id, asset_id, supply_round_id ON stock_place FOR EACH ROW
    WHEN ((OLD.room_id, OLD.asset_id, OLD.supply_round_id) IS DISTINCT FROM (NEW.room_id, NEW.asset_id, NEW.supply_round_id))
    EXECUTE FUNCTION note_rules_due();

-- Last, because nobody can read stock while this is waited for: it takes a moment.
-- A constant default is not written into the rows that are there: the table is not rewritten. Rows that the former code adds have none.
ALTER TABLE stocking ADD COLUMN rules_at timestamptz DEFAULT '2026-11-26 21:00:00+00';
ALTER TABLE stocking ALTER COLUMN rules_at DROP DEFAULT;
COMMENT ON COLUMN stocking.rules_at IS 'When the rules were carried into it and changed something last. NULL: it was written by hand and keeps its numbers until a rule that reaches it is saved.';
