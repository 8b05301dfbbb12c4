-- Cycle counts: what people counted, blind, and what became of the difference.

CREATE TABLE count_session (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    stock_place_id bigint NOT NULL REFERENCES stock_place (id),
    state text NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'counting', 'review', 'posted', 'cancelled')),
    created_at timestamptz NOT NULL,
    created_by bigint NOT NULL REFERENCES app_user (id),
    ended_at timestamptz,
    ended_by bigint REFERENCES app_user (id),
    end_reason text CHECK (length(end_reason) BETWEEN 1 AND 200),
    CONSTRAINT count_session_ended_check CHECK ((state IN ('posted', 'cancelled')) = (ended_at IS NOT NULL AND ended_by IS NOT NULL))
);
COMMENT ON TABLE count_session IS 'A count of some bins of one place, from choosing them to posting the differences.';
COMMENT ON COLUMN count_session.end_reason IS 'Why the differences were posted, or why the count was cancelled.';
CREATE UNIQUE INDEX count_session_open_key ON count_session (stock_place_id) WHERE state IN ('draft', 'counting', 'review');
COMMENT ON INDEX count_session_open_key IS 'Two counts of one place at the same time would count the same pieces twice.';
CREATE INDEX count_session_place_idx ON count_session (stock_place_id, id);

CREATE TABLE count_line (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    count_session_id bigint NOT NULL REFERENCES count_session (id),
    item_id bigint NOT NULL REFERENCES item (id),
    bin_id bigint NOT NULL,
    stock_place_id bigint NOT NULL,
    cause text NOT NULL CHECK (cause IN ('negative', 'discrepancy', 'zero', 'due', 'chosen', 'unexpected')),
    is_skipped boolean NOT NULL DEFAULT false,
    waits boolean NOT NULL DEFAULT false,
    counted_at timestamptz,
    counted bigint CHECK (counted >= 0),
    expected bigint,
    is_off boolean NOT NULL DEFAULT false,
    CONSTRAINT count_line_count_session_id_key UNIQUE (count_session_id, bin_id, item_id),
    CONSTRAINT count_line_bin_id_fkey FOREIGN KEY (bin_id, stock_place_id) REFERENCES bin (id, stock_place_id),
    CONSTRAINT count_line_posted_check CHECK ((counted_at IS NULL) = (counted IS NULL) AND (counted IS NULL) = (expected IS NULL))
);
COMMENT ON TABLE count_line IS 'One item in one bin, to be counted.';
COMMENT ON COLUMN count_line.cause IS 'Why it is counted: below zero by the books, a difference at the last count, nothing left, its day has come, chosen, or found where it should not be.';
COMMENT ON COLUMN count_line.is_skipped IS 'A person said that it was not counted; that is not the same as empty.';
COMMENT ON COLUMN count_line.waits IS 'The first count is further from the books than its class allows: another person counts again before anything is posted.';
COMMENT ON COLUMN count_line.counted_at IS 'Posted: when it was counted; NULL before.';
COMMENT ON COLUMN count_line.expected IS 'Posted: what the books held when it was counted (R21).';
COMMENT ON COLUMN count_line.is_off IS 'The count was further from the books than its class allows.';
CREATE INDEX count_line_counted_idx ON count_line (item_id, stock_place_id, bin_id, counted_at DESC) WHERE counted_at IS NOT NULL;
CREATE INDEX count_line_waits_idx ON count_line (item_id, stock_place_id) WHERE waits;
CREATE INDEX count_line_bin_id_idx ON count_line (bin_id);

CREATE TABLE count_entry (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    count_line_id bigint NOT NULL REFERENCES count_line (id),
    round smallint NOT NULL CHECK (round IN (1, 2)),
    lot_id bigint REFERENCES lot (id),
    quantity bigint NOT NULL CHECK (quantity BETWEEN 0 AND 1000000),
    counted_at timestamptz NOT NULL,
    counted_by bigint NOT NULL REFERENCES app_user (id),
    undone_at timestamptz,
    replaced_by_id bigint REFERENCES count_entry (id)
);
COMMENT ON TABLE count_entry IS 'What a person entered or scanned; the entries of a line and round that were neither taken back nor replaced add up.';
COMMENT ON COLUMN count_entry.round IS '2: counted again by another person (R21).';
COMMENT ON COLUMN count_entry.lot_id IS 'The lot on the pack that was scanned; NULL: nobody looked.';
COMMENT ON COLUMN count_entry.replaced_by_id IS 'The total that was entered instead.';
CREATE INDEX count_entry_count_line_id_idx ON count_entry (count_line_id, round);
CREATE INDEX count_entry_replaced_by_id_idx ON count_entry (replaced_by_id) WHERE replaced_by_id IS NOT NULL;

-- A difference that waits for its second count raises an alert of its bin.
CREATE INDEX alert_count_active_idx ON alert (item_id) WHERE kind = 'count_discrepancy' AND is_active;

-- The running log of a person who scans: their own last moves.
CREATE INDEX stock_move_user_id_idx ON stock_move (user_id, recorded_at DESC, id DESC) WHERE user_id IS NOT NULL;

CREATE FUNCTION count_candidates(place bigint, at timestamptz) RETURNS TABLE (item_id bigint, bin_id bigint, cause text)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT h.item_id, h.bin_id,
           CASE WHEN books.on_hand < 0 THEN 'negative'
                WHEN last.is_off AND last.counted_at < $2 - interval '7 days' THEN 'discrepancy'
                WHEN books.on_hand = 0 AND (last.counted_at IS NULL OR last.counted_at < $2 - interval '7 days') THEN 'zero'
                WHEN last.counted_at IS NULL OR last.counted_at < $2 - CASE i.count_class WHEN 'a' THEN interval '30 days'
                    WHEN 'b' THEN interval '90 days' ELSE interval '180 days' END THEN 'due'
                ELSE 'chosen' END
    FROM (SELECT s.item_id, s.bin_id FROM stocking s WHERE s.stock_place_id = $1
          UNION SELECT s.item_id, s.second_bin_id FROM stocking s WHERE s.stock_place_id = $1 AND s.second_bin_id IS NOT NULL
          UNION SELECT l.item_id, l.bin_id FROM stock_level l WHERE l.stock_place_id = $1 AND l.on_hand <> 0) h
    JOIN item i ON i.id = h.item_id
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(l.on_hand), 0)::bigint AS on_hand FROM stock_level l WHERE l.bin_id = h.bin_id AND l.item_id = h.item_id) books
    LEFT JOIN LATERAL (
        SELECT l.counted_at, l.is_off FROM count_line l
        WHERE l.item_id = h.item_id AND l.stock_place_id = $1 AND l.bin_id = h.bin_id AND l.counted_at IS NOT NULL
        ORDER BY l.counted_at DESC LIMIT 1) last ON true
$$;
COMMENT ON FUNCTION count_candidates IS 'What can be counted at a place and why: a class items each 30 days, b 90, c 180; after a difference and at zero after 7.';
