CREATE TEMP TABLE new_state (tag_id bigint, room_id bigint, reader_id bigint, seen_at timestamptz, entered_at timestamptz,
                             confidence real, battery_pct smallint) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE new_place (asset_id bigint, room_id bigint, tag_id bigint, reader_id bigint, entered_at timestamptz, basis text,
                             confidence real, learned_at timestamptz) ON COMMIT DELETE ROWS;
