-- One card empties a bin of several lots, and what readers tell of cabinets that are new to them.

DROP INDEX stock_move_batch_key;
CREATE UNIQUE INDEX stock_move_batch_key ON stock_move (batch_id, tag_id, reason, lot_id) WHERE batch_id IS NOT NULL;
COMMENT ON INDEX stock_move_batch_key IS 'What a reader tells twice counts once (R16); one card empties every lot of its bin.';

ALTER TABLE cabinet ADD COLUMN counts_anew boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN cabinet.counts_anew IS 'Its reader is new here: its first inventory is what is there, whatever the books said.';

ALTER TABLE unit_tag ADD COLUMN was_put boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN unit_tag.was_put IS 'A cabinet had it once: when one has it again it was put back, and came with no order.';
UPDATE unit_tag SET was_put = true
WHERE bin_id IS NOT NULL OR tag_id IN (SELECT m.tag_id FROM stock_move m WHERE m.reason = 'cabinet_put' AND m.tag_id IS NOT NULL);
