-- Items: $1 numbers, $2 names, $3 units, $4 categories, $5 suppliers by name, $6 classes. Suppliers that are new are made.
WITH given AS (
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[]) AS u(number, name, unit, category, supplier, class)
), made AS (
    INSERT INTO supplier (name) SELECT DISTINCT ON (lower(supplier)) supplier FROM given WHERE supplier IS NOT NULL ORDER BY lower(supplier), supplier
    ON CONFLICT (lower(name)) DO UPDATE SET name = supplier.name RETURNING id, name
)
INSERT INTO item (item_number, name, base_unit, category, supplier_id, count_class)
SELECT g.number, g.name, g.unit, g.category, m.id, g.class FROM given g LEFT JOIN made m ON lower(m.name) = lower(g.supplier)
ON CONFLICT (lower(item_number)) DO UPDATE SET name = excluded.name, base_unit = excluded.base_unit, category = excluded.category,
    supplier_id = excluded.supplier_id, count_class = excluded.count_class
