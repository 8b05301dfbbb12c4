-- Assets that change; they are locked already. $6 the facility's day. Whether overdue service blocks one is looked at again only
-- where its day or type changes.
UPDATE asset a
SET asset_type_id = n.type_id, model_id = n.model_id, owner_unit_id = n.owner_id, service_due_on = n.due,
    is_service_blocked = CASE
        WHEN a.service_due_on IS DISTINCT FROM n.due OR a.asset_type_id <> n.type_id
        THEN coalesce(t.overdue_blocks AND n.due < $6, false) ELSE a.is_service_blocked END
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::date[]) AS n (asset_id, type_id, model_id, owner_id, due)
JOIN asset_type t ON t.id = n.type_id
WHERE a.id = n.asset_id
