-- Supplies: what is held as a quantity, where, how much of it there is, and what is to be ordered.

-- Catalogue.
CREATE TABLE supplier (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    lead_days real NOT NULL DEFAULT 3 CHECK (lead_days BETWEEN 0 AND 365),
    lead_deviation_days real NOT NULL DEFAULT 0 CHECK (lead_deviation_days BETWEEN 0 AND 365)
);
COMMENT ON TABLE supplier IS 'Who delivers items; a central store may be one.';
COMMENT ON COLUMN supplier.lead_days IS 'From order to delivery, mean of days.';
CREATE UNIQUE INDEX supplier_name_key ON supplier (lower(name));

CREATE TABLE item (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    item_number text NOT NULL CHECK (length(item_number) BETWEEN 1 AND 64),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    base_unit text NOT NULL DEFAULT 'each' CHECK (length(base_unit) BETWEEN 1 AND 20),
    category text CHECK (length(category) BETWEEN 1 AND 80),
    supplier_id bigint REFERENCES supplier (id),
    count_class text NOT NULL DEFAULT 'c' CHECK (count_class IN ('a', 'b', 'c')),
    is_retired boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE item IS 'A thing held as quantity; all quantities are whole base units.';
COMMENT ON COLUMN item.count_class IS 'How exact counts must be: a none may be missing, others within 5 %.';
CREATE UNIQUE INDEX item_item_number_key ON item (lower(item_number));
CREATE INDEX item_name_idx ON item (lower(name), id);
CREATE INDEX item_name_part_idx ON item USING gin (lower(name) gin_trgm_ops);
CREATE INDEX item_supplier_id_idx ON item (supplier_id);

CREATE TABLE item_pack (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    item_id bigint NOT NULL REFERENCES item (id),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 40),
    units bigint NOT NULL CHECK (units BETWEEN 1 AND 1000000),
    is_ordered boolean NOT NULL DEFAULT false,
    CONSTRAINT item_pack_item_id_name_key UNIQUE (item_id, name)
);
COMMENT ON TABLE item_pack IS 'A named multiple of the base unit, such as box of 50; an item without packs is ordered by the unit.';
COMMENT ON COLUMN item_pack.units IS 'Base units in it: exact whole numbers only (R4).';
CREATE UNIQUE INDEX item_pack_ordered_key ON item_pack (item_id) WHERE is_ordered;

CREATE TABLE item_code (
    code text PRIMARY KEY CHECK (length(code) BETWEEN 1 AND 128),
    item_id bigint NOT NULL REFERENCES item (id),
    item_pack_id bigint REFERENCES item_pack (id)
);
COMMENT ON TABLE item_code IS 'What a scanner reads: GTIN (UDI-DI) in 14 digits, or any other code as it is printed.';
COMMENT ON COLUMN item_code.item_pack_id IS 'The pack that carries it; NULL: one base unit.';
CREATE INDEX item_code_item_id_idx ON item_code (item_id);

-- Places of stock.
CREATE TABLE supply_round (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 80),
    every_days real NOT NULL DEFAULT 1 CHECK (every_days BETWEEN 0 AND 60)
);
COMMENT ON TABLE supply_round IS 'A restocking round, such as the morning round.';
COMMENT ON COLUMN supply_round.every_days IS 'Days between two of them; 0: whenever something is needed.';
CREATE UNIQUE INDEX supply_round_name_key ON supply_round (lower(name));

CREATE TABLE stock_place (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('room', 'cart', 'cabinet')),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    room_id bigint REFERENCES room (id),
    asset_id bigint REFERENCES asset (id),
    reader_id bigint REFERENCES reader (id),
    supply_round_id bigint REFERENCES supply_round (id),
    silent_since timestamptz,
    is_retired boolean NOT NULL DEFAULT false,
    CONSTRAINT stock_place_name_key UNIQUE (name),
    CONSTRAINT stock_place_reader_id_key UNIQUE (reader_id),
    CONSTRAINT stock_place_asset_id_key UNIQUE (asset_id),
    CONSTRAINT stock_place_where_check CHECK ((room_id IS NOT NULL) OR (kind = 'cart' AND asset_id IS NOT NULL)),
    CONSTRAINT stock_place_reader_check CHECK (reader_id IS NULL OR kind = 'cabinet'),
    CONSTRAINT stock_place_silent_check CHECK (silent_since IS NULL OR reader_id IS NOT NULL)
);
COMMENT ON TABLE stock_place IS 'A supply room, cart or cabinet: what is restocked together. Rules and orders are per item and stock place.';
COMMENT ON COLUMN stock_place.asset_id IS 'The cart as a device: it is where its tag is.';
COMMENT ON COLUMN stock_place.reader_id IS 'The reader in an RFID cabinet: it sends full inventories.';
COMMENT ON COLUMN stock_place.silent_since IS 'Until when a cabinet that is not heard was: its counts are as of then, and no alert rests on them (R24).';
CREATE INDEX stock_place_room_id_idx ON stock_place (room_id);
CREATE INDEX stock_place_supply_round_id_idx ON stock_place (supply_round_id);

CREATE TABLE bin (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    stock_place_id bigint NOT NULL REFERENCES stock_place (id),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 40),
    empty_since timestamptz,
    is_retired boolean NOT NULL DEFAULT false,
    CONSTRAINT bin_stock_place_id_name_key UNIQUE (stock_place_id, name),
    CONSTRAINT bin_id_stock_place_id_key UNIQUE (id, stock_place_id)
);
COMMENT ON TABLE bin IS 'The smallest place of stock: a labelled slot of a supply room, cart or cabinet.';
COMMENT ON COLUMN bin.empty_since IS 'One of two bins whose card was read at the board; NULL: it is full.';

-- What should be where, with the rule that holds there.
CREATE TABLE stock_rule (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    item_id bigint REFERENCES item (id),
    stock_place_id bigint REFERENCES stock_place (id),
    room_id bigint REFERENCES room (id),
    floor_id bigint REFERENCES floor (id),
    building_id bigint REFERENCES building (id),
    facility_id bigint REFERENCES facility (id),
    method text CHECK (method IN ('to_par', 'fixed')),
    reorder_point bigint CHECK (reorder_point BETWEEN 0 AND 1000000000),
    par bigint CHECK (par BETWEEN 0 AND 1000000000),
    maximum bigint CHECK (maximum BETWEEN 0 AND 1000000000),
    fixed_quantity bigint CHECK (fixed_quantity BETWEEN 1 AND 1000000000),
    rounding text CHECK (rounding IN ('up', 'down', 'nearest')),
    service_percent real CHECK (service_percent IN (90, 95, 98, 99)),
    order_days real CHECK (order_days BETWEEN 0 AND 365),
    CONSTRAINT stock_rule_scope_check CHECK (num_nonnulls(stock_place_id, room_id, floor_id, building_id, facility_id) <= 1),
    CONSTRAINT stock_rule_scope_key UNIQUE NULLS NOT DISTINCT (item_id, stock_place_id, room_id, floor_id, building_id, facility_id)
);
COMMENT ON TABLE stock_rule IS 'Rules of restocking: each field is taken from the nearest rule that sets it: stock place, room, floor, building, facility, all; one for the item before one for all items.';
COMMENT ON COLUMN stock_rule.item_id IS 'NULL: for all items.';
COMMENT ON COLUMN stock_rule.reorder_point IS 'Set by hand; wins over the computed one.';
COMMENT ON COLUMN stock_rule.par IS 'Set by hand; wins over the computed one.';

CREATE TABLE stocking (
    item_id bigint NOT NULL REFERENCES item (id),
    stock_place_id bigint NOT NULL REFERENCES stock_place (id),
    bin_id bigint NOT NULL,
    second_bin_id bigint,
    method text NOT NULL DEFAULT 'to_par' CHECK (method IN ('to_par', 'fixed')),
    reorder_point bigint NOT NULL DEFAULT 0 CHECK (reorder_point >= 0),
    par bigint NOT NULL DEFAULT 0,
    maximum bigint,
    fixed_quantity bigint,
    pack_units bigint NOT NULL DEFAULT 1 CHECK (pack_units >= 1),
    rounding text NOT NULL DEFAULT 'up' CHECK (rounding IN ('up', 'down', 'nearest')),
    use_per_day real NOT NULL DEFAULT 0 CHECK (use_per_day >= 0),
    use_deviation real NOT NULL DEFAULT 0 CHECK (use_deviation >= 0),
    settled_at timestamptz NOT NULL DEFAULT now(),
    demand_at timestamptz,
    PRIMARY KEY (item_id, stock_place_id),
    CONSTRAINT stocking_bin_id_fkey FOREIGN KEY (bin_id, stock_place_id) REFERENCES bin (id, stock_place_id),
    CONSTRAINT stocking_second_bin_id_fkey FOREIGN KEY (second_bin_id, stock_place_id) REFERENCES bin (id, stock_place_id),
    CONSTRAINT stocking_two_bins_check CHECK (second_bin_id IS NULL OR (second_bin_id <> bin_id AND fixed_quantity IS NOT NULL)),
    CONSTRAINT stocking_fixed_check CHECK (method <> 'fixed' OR fixed_quantity IS NOT NULL),
    CONSTRAINT stocking_fixed_quantity_check CHECK (fixed_quantity >= 1),
    CONSTRAINT stocking_par_check CHECK (par >= reorder_point)
);
COMMENT ON TABLE stocking IS 'That a place should hold an item, its usual bin, and the rule that holds there: the rules of stock_rule and the use of the last weeks put together, kept whenever one of them changes.';
COMMENT ON COLUMN stocking.second_bin_id IS 'Two-bin kanban: an empty bin orders one bin, fixed_quantity; the position does not matter.';
COMMENT ON COLUMN stocking.pack_units IS 'Base units of the pack that is ordered.';
COMMENT ON COLUMN stocking.demand_at IS 'When the mean use was computed last.';
CREATE INDEX stocking_demand_at_idx ON stocking (demand_at NULLS FIRST);
COMMENT ON COLUMN stocking.use_per_day IS 'Mean use of a day without write-offs, adjustments and transfers, days at zero left out.';
CREATE INDEX stocking_stock_place_id_idx ON stocking (stock_place_id, bin_id);
CREATE INDEX stocking_bin_id_idx ON stocking (bin_id);
CREATE INDEX stocking_second_bin_id_idx ON stocking (second_bin_id) WHERE second_bin_id IS NOT NULL;

-- Lots.
CREATE TABLE lot (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    item_id bigint NOT NULL REFERENCES item (id),
    lot_number text NOT NULL DEFAULT '' CHECK (length(lot_number) <= 40),
    expires_on date,
    state text NOT NULL DEFAULT 'usable' CHECK (state IN ('usable', 'quarantined', 'recalled', 'damaged')),
    first_received_at timestamptz NOT NULL,
    CONSTRAINT lot_item_id_key UNIQUE NULLS NOT DISTINCT (item_id, lot_number, expires_on),
    CONSTRAINT lot_id_item_id_key UNIQUE (id, item_id)
);
COMMENT ON TABLE lot IS 'A batch of an item. Without a number: pieces whose batch nobody told.';
COMMENT ON COLUMN lot.state IS 'Expired is computed: from local midnight after expires_on on (R17).';
CREATE INDEX lot_expires_on_idx ON lot (expires_on, id) WHERE expires_on IS NOT NULL;

-- The ledger.
CREATE TABLE stock_move (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    reason text NOT NULL CHECK (reason IN ('receive', 'issue', 'return', 'transfer', 'adjust', 'count', 'write_off', 'return_to_supplier',
        'cabinet_take', 'cabinet_put', 'empty_bin', 'refill', 'exit')),
    item_id bigint NOT NULL,
    lot_id bigint NOT NULL,
    bin_id bigint NOT NULL,
    stock_place_id bigint NOT NULL,
    quantity bigint NOT NULL CHECK (quantity <> 0 AND quantity BETWEEN -1000000000 AND 1000000000),
    happened_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    user_id bigint REFERENCES app_user (id),
    reader_id bigint REFERENCES reader (id),
    form_key uuid,
    batch_id uuid,
    tag_id bigint REFERENCES tag (id),
    order_line_id bigint,
    undoes_id bigint REFERENCES stock_move (id),
    note text CHECK (length(note) BETWEEN 1 AND 200),
    CONSTRAINT stock_move_lot_id_fkey FOREIGN KEY (lot_id, item_id) REFERENCES lot (id, item_id),
    CONSTRAINT stock_move_bin_id_fkey FOREIGN KEY (bin_id, stock_place_id) REFERENCES bin (id, stock_place_id),
    CONSTRAINT stock_move_actor_check CHECK (num_nonnulls(user_id, reader_id) <= 1),
    CONSTRAINT stock_move_batch_check CHECK ((batch_id IS NULL) = (tag_id IS NULL) OR reader_id IS NOT NULL)
);
COMMENT ON TABLE stock_move IS 'The ledger: every change of stock, appended and never changed. A level is the sum of its moves.';
COMMENT ON COLUMN stock_move.quantity IS 'Base units; below zero: they left.';
COMMENT ON COLUMN stock_move.undoes_id IS 'The move that this one takes back.';
COMMENT ON COLUMN stock_move.form_key IS 'The form of a person: several moves of one form belong together.';
CREATE UNIQUE INDEX stock_move_batch_key ON stock_move (batch_id, tag_id, reason) WHERE batch_id IS NOT NULL;
COMMENT ON INDEX stock_move_batch_key IS 'What a reader tells twice counts once (R16).';
CREATE UNIQUE INDEX stock_move_undoes_key ON stock_move (undoes_id) WHERE undoes_id IS NOT NULL;
CREATE INDEX stock_move_item_id_idx ON stock_move (item_id, stock_place_id, happened_at DESC, id DESC);
CREATE INDEX stock_move_counted_idx ON stock_move (item_id, stock_place_id, happened_at) WHERE reason = 'count';
CREATE INDEX stock_move_bin_id_idx ON stock_move (bin_id, happened_at DESC, id DESC);
CREATE INDEX stock_move_form_key_idx ON stock_move (form_key) WHERE form_key IS NOT NULL;

CREATE TABLE stock_level (
    bin_id bigint NOT NULL,
    lot_id bigint NOT NULL,
    item_id bigint NOT NULL,
    stock_place_id bigint NOT NULL,
    on_hand bigint NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (bin_id, lot_id),
    CONSTRAINT stock_level_lot_id_fkey FOREIGN KEY (lot_id, item_id) REFERENCES lot (id, item_id),
    CONSTRAINT stock_level_bin_id_fkey FOREIGN KEY (bin_id, stock_place_id) REFERENCES bin (id, stock_place_id)
) WITH (fillfactor = 70);
COMMENT ON TABLE stock_level IS 'How much of a lot a bin holds: the sum of its moves, kept by the trigger that every move fires, whoever writes it.';
COMMENT ON COLUMN stock_level.on_hand IS 'Below zero: more was taken than was there by the books; to be counted.';
COMMENT ON COLUMN stock_level.received_at IS 'When it first came here: older stock is issued first where expiries are alike.';
CREATE INDEX stock_level_item_id_idx ON stock_level (item_id, stock_place_id);
CREATE INDEX stock_level_lot_id_idx ON stock_level (lot_id) WHERE on_hand <> 0;
CREATE INDEX stock_level_place_idx ON stock_level (stock_place_id) WHERE on_hand <> 0;
CREATE INDEX stock_level_negative_idx ON stock_level (bin_id) WHERE on_hand < 0;

CREATE TABLE stock_day (
    item_id bigint NOT NULL REFERENCES item (id),
    stock_place_id bigint NOT NULL REFERENCES stock_place (id),
    day date NOT NULL,
    used bigint NOT NULL DEFAULT 0,
    was_out boolean NOT NULL DEFAULT false,
    PRIMARY KEY (item_id, stock_place_id, day)
) WITH (fillfactor = 70);
COMMENT ON TABLE stock_day IS 'What was used of an item at a place on a day of the facility, kept with the moves; the mean use comes from it.';
COMMENT ON COLUMN stock_day.was_out IS 'Nothing was available at some time of that day: the day is left out of the mean.';

CREATE FUNCTION is_use(reason text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT reason IN ('issue', 'return', 'cabinet_take', 'empty_bin', 'exit')
$$;
COMMENT ON FUNCTION is_use IS 'Whether moves for this reason are use, returns taken off: not write-offs, adjustments, counts, transfers and what is put in.';

CREATE FUNCTION stock_place_time_zone(place bigint) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT fa.time_zone FROM stock_place p LEFT JOIN asset a ON a.id = p.asset_id
                     JOIN room r ON r.id = coalesce(p.room_id, a.room_id) JOIN floor f ON f.id = r.floor_id
                     JOIN building b ON b.id = f.building_id JOIN facility fa ON fa.id = b.facility_id WHERE p.id = $1), 'UTC')
$$;
COMMENT ON FUNCTION stock_place_time_zone IS 'Days and expiries of a place are those of its facility (R17).';

CREATE FUNCTION keep_stock_levels() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO stock_level AS l (bin_id, lot_id, item_id, stock_place_id, on_hand, received_at)
    SELECT bin_id, lot_id, min(item_id), min(stock_place_id), sum(quantity)::bigint, min(happened_at)
    FROM new_rows GROUP BY bin_id, lot_id ORDER BY bin_id, lot_id
    ON CONFLICT (bin_id, lot_id) DO UPDATE SET on_hand = l.on_hand + excluded.on_hand,
        received_at = CASE WHEN l.on_hand <= 0 AND excluded.on_hand > 0 THEN excluded.received_at ELSE l.received_at END;
    INSERT INTO stock_day AS d (item_id, stock_place_id, day, used)
    SELECT n.item_id, n.stock_place_id, (n.happened_at AT TIME ZONE z.name)::date, -sum(n.quantity)::bigint
    FROM new_rows n
    JOIN (SELECT id, stock_place_time_zone(id) AS name FROM (SELECT DISTINCT stock_place_id AS id FROM new_rows) p) z ON z.id = n.stock_place_id
    WHERE is_use(n.reason)
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (item_id, stock_place_id, day) DO UPDATE SET used = d.used + excluded.used;
    RETURN NULL;
END $$;
CREATE TRIGGER stock_move_insert_levels AFTER INSERT ON stock_move REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION keep_stock_levels();
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is only appended to: write a move that takes the other back', TG_TABLE_NAME;
END $$;
CREATE TRIGGER stock_move_append_only BEFORE UPDATE OR DELETE ON stock_move
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Orders.
CREATE TABLE supply_order (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    supplier_id bigint REFERENCES supplier (id),
    sent_at timestamptz NOT NULL,
    sent_by bigint NOT NULL REFERENCES app_user (id),
    form_key uuid NOT NULL
);
COMMENT ON TABLE supply_order IS 'Lines that were sent to one supplier together; NULL: no supplier is given.';
CREATE INDEX supply_order_sent_at_idx ON supply_order (sent_at, id);

CREATE TABLE order_line (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    item_id bigint NOT NULL REFERENCES item (id),
    stock_place_id bigint NOT NULL REFERENCES stock_place (id),
    state text NOT NULL DEFAULT 'suggested' CHECK (state IN ('suggested', 'approved', 'sent', 'part_received', 'received', 'rejected',
        'cancelled', 'withdrawn')),
    cause text NOT NULL CHECK (cause IN ('reorder_point', 'empty_bin', 'person')),
    quantity_suggested bigint NOT NULL CHECK (quantity_suggested > 0),
    quantity_ordered bigint CHECK (quantity_ordered > 0),
    quantity_received bigint NOT NULL DEFAULT 0 CHECK (quantity_received >= 0),
    pack_units bigint NOT NULL DEFAULT 1 CHECK (pack_units >= 1),
    arithmetic jsonb NOT NULL DEFAULT '{}',
    suggested_at timestamptz NOT NULL,
    settled_at timestamptz NOT NULL,
    approved_at timestamptz,
    approved_by bigint REFERENCES app_user (id),
    supply_order_id bigint REFERENCES supply_order (id),
    ended_at timestamptz,
    ended_by bigint REFERENCES app_user (id),
    end_reason text CHECK (length(end_reason) BETWEEN 1 AND 200),
    quiet_until date,
    CONSTRAINT order_line_approved_check CHECK (state IN ('suggested', 'rejected', 'withdrawn')
        OR (approved_at IS NOT NULL AND approved_by IS NOT NULL AND quantity_ordered IS NOT NULL)),
    CONSTRAINT order_line_sent_check CHECK (state NOT IN ('sent', 'part_received') OR supply_order_id IS NOT NULL),
    CONSTRAINT order_line_rejected_check CHECK (state <> 'rejected' OR (ended_by IS NOT NULL AND end_reason IS NOT NULL AND quiet_until IS NOT NULL)),
    CONSTRAINT order_line_ended_check CHECK ((state IN ('received', 'rejected', 'cancelled', 'withdrawn')) = (ended_at IS NOT NULL))
);
COMMENT ON TABLE order_line IS 'One item for one place, from suggestion to receipt.';
COMMENT ON COLUMN order_line.state IS 'withdrawn: a suggestion that was no longer needed before anybody decided.';
COMMENT ON CONSTRAINT order_line_approved_check ON order_line IS 'R20: nothing is ordered without a person.';
COMMENT ON COLUMN order_line.quantity_suggested IS 'What the program suggested; what the person ordered stands beside it (R20).';
COMMENT ON COLUMN order_line.arithmetic IS 'The numbers the suggestion came from, as they were then, for the page that explains it.';
COMMENT ON COLUMN order_line.quiet_until IS 'Rejected: nothing is suggested for the item and place before this day.';
CREATE UNIQUE INDEX order_line_suggested_key ON order_line (item_id, stock_place_id) WHERE state = 'suggested';
COMMENT ON INDEX order_line_suggested_key IS 'R19: at most one open suggestion per item and place.';
CREATE INDEX order_line_open_idx ON order_line (item_id, stock_place_id) WHERE state IN ('approved', 'sent', 'part_received');
CREATE INDEX order_line_state_idx ON order_line (state, suggested_at, id);
CREATE INDEX order_line_rejected_idx ON order_line (item_id, stock_place_id, quiet_until) WHERE state = 'rejected';
CREATE INDEX order_line_supply_order_id_idx ON order_line (supply_order_id) WHERE supply_order_id IS NOT NULL;
CREATE INDEX order_line_stock_place_id_idx ON order_line (stock_place_id, state);
ALTER TABLE stock_move ADD CONSTRAINT stock_move_order_line_id_fkey FOREIGN KEY (order_line_id) REFERENCES order_line (id);
CREATE INDEX stock_move_order_line_id_idx ON stock_move (order_line_id) WHERE order_line_id IS NOT NULL;

-- Alerts about supplies.
ALTER TABLE alert DROP CONSTRAINT alert_kind_check;
ALTER TABLE alert ADD CONSTRAINT alert_kind_check CHECK (kind IN ('equipment_below_critical', 'soiled_in_clean_room', 'missing', 'reader_down',
    'stockout', 'reorder', 'both_bins_empty', 'expiry', 'feed_silent', 'count_discrepancy'));
ALTER TABLE alert ADD COLUMN item_id bigint REFERENCES item (id);
ALTER TABLE alert ADD COLUMN stock_place_id bigint REFERENCES stock_place (id);
ALTER TABLE alert ADD COLUMN lot_id bigint REFERENCES lot (id);
ALTER TABLE alert ADD COLUMN bin_id bigint REFERENCES bin (id);
CREATE INDEX alert_item_id_idx ON alert (item_id, id) WHERE item_id IS NOT NULL;
CREATE INDEX alert_stock_place_id_idx ON alert (stock_place_id, id) WHERE stock_place_id IS NOT NULL;
CREATE OR REPLACE FUNCTION set_alert_unit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.unit_id := coalesce(alert_unit(NEW.kind, NEW.asset_id, NEW.room_id, NEW.reader_id),
        (SELECT r.unit_id FROM stock_place p LEFT JOIN asset a ON a.id = p.asset_id
         JOIN room r ON r.id = coalesce(p.room_id, a.room_id) WHERE p.id = NEW.stock_place_id));
    RETURN NEW;
END $$;
