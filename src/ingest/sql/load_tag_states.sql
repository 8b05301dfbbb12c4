SELECT tag_id, room_id, reader_id, seen_at, entered_at, confidence FROM tag_state
