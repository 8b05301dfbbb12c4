-- What people say of lots, and orders of which something is to come.

CREATE TABLE lot_event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    lot_id bigint NOT NULL REFERENCES lot (id),
    state_before text NOT NULL CHECK (state_before IN ('usable', 'quarantined', 'recalled', 'damaged')),
    state_after text NOT NULL CHECK (state_after IN ('usable', 'quarantined', 'recalled', 'damaged')),
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 200),
    at timestamptz NOT NULL,
    user_id bigint NOT NULL REFERENCES app_user (id),
    form_key uuid NOT NULL,
    CONSTRAINT lot_event_change_check CHECK (state_before <> state_after)
);
COMMENT ON TABLE lot_event IS 'Every change of what people say of a lot, appended and never changed; how it is now stands in lot.state.';
COMMENT ON COLUMN lot_event.form_key IS 'The form of the person; a delivery that was kept apart has moves with the same one.';
CREATE INDEX lot_event_lot_id_idx ON lot_event (lot_id, id);
CREATE TRIGGER lot_event_append_only BEFORE UPDATE OR DELETE ON lot_event
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The list of orders of which something is to come asks for it order by order.
CREATE INDEX order_line_order_open_idx ON order_line (supply_order_id) WHERE state IN ('sent', 'part_received');
