-- How many alerts there are of a kind ($1; NULL: of any), of all units and of one ($2). Read from the index of unresolved ones.
SELECT count(*) AS unresolved, count(*) FILTER (WHERE al.state = 'open') AS open,
       count(*) FILTER (WHERE al.unit_id = $2::bigint) AS unit_unresolved,
       count(*) FILTER (WHERE al.state = 'open' AND al.unit_id = $2::bigint) AS unit_open
FROM alert al WHERE al.state <> 'resolved' AND ($1::text IS NULL OR al.kind = $1)
