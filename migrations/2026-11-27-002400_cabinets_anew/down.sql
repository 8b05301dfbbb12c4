ALTER TABLE unit_tag DROP COLUMN was_put;
ALTER TABLE cabinet DROP COLUMN counts_anew;
-- Of a card that emptied several lots at once only the first would be kept: a down migration of a ledger that has such moves fails here.
DROP INDEX stock_move_batch_key;
CREATE UNIQUE INDEX stock_move_batch_key ON stock_move (batch_id, tag_id, reason) WHERE batch_id IS NOT NULL;
COMMENT ON INDEX stock_move_batch_key IS 'What a reader tells twice counts once (R16).';
