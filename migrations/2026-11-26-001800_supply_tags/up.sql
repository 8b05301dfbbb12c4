-- Stock that readers tell of: cards of bins on a board, labelled pieces in cabinets and on their way out.

ALTER TABLE antenna ADD COLUMN purpose text NOT NULL DEFAULT 'place' CHECK (purpose IN ('place', 'board', 'exit'));
COMMENT ON COLUMN antenna.purpose IS 'board: a card that hangs there tells an empty bin; exit: a labelled piece that is read there leaves the stock.';

ALTER TABLE bin ADD COLUMN filled_at timestamptz;
COMMENT ON COLUMN bin.filled_at IS 'When it was said last that it is full: what its card told before that is over.';

CREATE TABLE bin_card (
    tag_id bigint PRIMARY KEY REFERENCES tag (id),
    bin_id bigint NOT NULL REFERENCES bin (id),
    board_seen_at timestamptz,
    CONSTRAINT bin_card_bin_id_key UNIQUE (bin_id)
);
COMMENT ON TABLE bin_card IS 'The card of one of two bins: put up at the board when the bin is empty.';
COMMENT ON COLUMN bin_card.board_seen_at IS 'When it was read last at a board, at most half a minute old while it hangs there.';

CREATE TABLE unit_tag (
    tag_id bigint PRIMARY KEY REFERENCES tag (id),
    item_id bigint NOT NULL,
    lot_id bigint NOT NULL,
    units bigint NOT NULL DEFAULT 1 CHECK (units BETWEEN 1 AND 1000000),
    bin_id bigint REFERENCES bin (id),
    misses smallint NOT NULL DEFAULT 0 CHECK (misses >= 0),
    missed_since timestamptz,
    CONSTRAINT unit_tag_lot_id_fkey FOREIGN KEY (lot_id, item_id) REFERENCES lot (id, item_id),
    CONSTRAINT unit_tag_missed_check CHECK ((misses > 0) = (missed_since IS NOT NULL))
) WITH (fillfactor = 80);
COMMENT ON TABLE unit_tag IS 'A labelled piece or pack of an item.';
COMMENT ON COLUMN unit_tag.bin_id IS 'Where the books have it; NULL: it was taken, or was nowhere yet.';
COMMENT ON COLUMN unit_tag.misses IS 'Inventories in a row without it; it is taken with the third (R25).';
COMMENT ON COLUMN unit_tag.missed_since IS 'The first of them.';
CREATE INDEX unit_tag_bin_id_idx ON unit_tag (bin_id) WHERE bin_id IS NOT NULL;
CREATE INDEX unit_tag_lot_id_idx ON unit_tag (lot_id);

CREATE TABLE cabinet (
    stock_place_id bigint PRIMARY KEY REFERENCES stock_place (id),
    inventory_seq bigint,
    inventory_at timestamptz,
    gaps bigint NOT NULL DEFAULT 0,
    foreign_tags bigint NOT NULL DEFAULT 0
);
COMMENT ON TABLE cabinet IS 'What the last full inventory of an RFID cabinet said.';
COMMENT ON COLUMN cabinet.inventory_seq IS 'Its number, as the cabinet counts.';
COMMENT ON COLUMN cabinet.inventory_at IS 'When it was taken: the counts are as of then.';
COMMENT ON COLUMN cabinet.gaps IS 'Inventories that never came.';
COMMENT ON COLUMN cabinet.foreign_tags IS 'Labels in it that belong to no item: counted, and not stored (I-10).';

CREATE TABLE inventory_part (
    reader_id bigint NOT NULL REFERENCES reader (id),
    seq bigint NOT NULL,
    part integer NOT NULL CHECK (part >= 1),
    parts integer NOT NULL CHECK (parts >= part),
    taken_at timestamptz NOT NULL,
    tag_ids bigint[] NOT NULL,
    foreign_tags bigint NOT NULL,
    PRIMARY KEY (reader_id, seq, part)
);
COMMENT ON TABLE inventory_part IS 'Parts of inventories of which others have not come; they go when the inventory is applied, or when it is too late for it.';

-- R1: a tag is on one thing at a time, be it a device, the card of a bin or a piece.
CREATE FUNCTION check_tag_is_free() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Two that put the same tag on different things wait for each other here.
    PERFORM FROM tag WHERE id = NEW.tag_id FOR NO KEY UPDATE;
    IF (TG_TABLE_NAME <> 'tag_assignment' AND EXISTS (SELECT FROM tag_assignment a WHERE a.tag_id = NEW.tag_id AND a.ended_at IS NULL))
        OR (TG_TABLE_NAME <> 'bin_card' AND EXISTS (SELECT FROM bin_card c WHERE c.tag_id = NEW.tag_id))
        OR (TG_TABLE_NAME <> 'unit_tag' AND EXISTS (SELECT FROM unit_tag u WHERE u.tag_id = NEW.tag_id)) THEN
        RAISE EXCEPTION 'tag % is on something else: take it off there first', NEW.tag_id USING ERRCODE = 'unique_violation',
            CONSTRAINT = 'tag_is_free';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER tag_assignment_free BEFORE INSERT ON tag_assignment FOR EACH ROW WHEN (NEW.ended_at IS NULL) EXECUTE FUNCTION check_tag_is_free();
CREATE TRIGGER bin_card_free BEFORE INSERT ON bin_card FOR EACH ROW EXECUTE FUNCTION check_tag_is_free();
CREATE TRIGGER unit_tag_free BEFORE INSERT ON unit_tag FOR EACH ROW EXECUTE FUNCTION check_tag_is_free();

CREATE TRIGGER bin_card_reference AFTER INSERT OR DELETE OR UPDATE OF bin_id ON bin_card FOR EACH STATEMENT EXECUTE FUNCTION bump_reference_version();
CREATE TRIGGER unit_tag_reference AFTER INSERT OR DELETE ON unit_tag FOR EACH STATEMENT EXECUTE FUNCTION bump_reference_version();
CREATE TRIGGER stock_place_reference AFTER INSERT OR DELETE OR UPDATE OF reader_id, is_retired ON stock_place
    FOR EACH STATEMENT EXECUTE FUNCTION bump_reference_version();
