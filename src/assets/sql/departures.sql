-- Assets that left one room lately, newest first.
SELECT a.id AS asset_id, a.asset_number, t.name AS type_name, st.entered_at, st.left_at
FROM (
    SELECT asset_id, entered_at, left_at FROM asset_stay
    WHERE room_id = $1 AND left_at >= $2 ORDER BY left_at DESC, asset_id LIMIT $3
) st
JOIN asset a ON a.id = st.asset_id
JOIN asset_type t ON t.id = a.asset_type_id
ORDER BY st.left_at DESC, st.asset_id
