-- R2 for all devices of a type whose rule changed. By id, as all who lock several assets do.
UPDATE asset a SET is_service_blocked = wanted.blocked
FROM (SELECT id, $2 AND service_due_on < $3 AS blocked
      FROM asset WHERE asset_type_id = $1 AND status <> 'retired' AND service_due_on IS NOT NULL
      ORDER BY id FOR UPDATE) wanted
WHERE a.id = wanted.id AND a.is_service_blocked <> wanted.blocked
