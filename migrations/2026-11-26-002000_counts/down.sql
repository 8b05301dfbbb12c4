DROP FUNCTION count_candidates(bigint, timestamptz);
DROP INDEX stock_move_user_id_idx;
DROP INDEX alert_count_active_idx;
DROP TABLE count_entry, count_line, count_session;
