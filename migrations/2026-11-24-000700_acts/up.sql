-- What people and rules say about equipment: status with its history, holds, "not here", look-for tasks, equipment par, alerts,
-- and exact counts per type and room, so that no page has to count the fleet.

-- Facts of an asset that decide whether it is ready (R2), all in one row.
ALTER TABLE asset ADD COLUMN room_id bigint REFERENCES room (id);
COMMENT ON COLUMN asset.room_id IS 'Copy of the room of asset_place, by trigger; NULL: never seen, or reported "not here".';
ALTER TABLE asset ADD COLUMN safety_hold text CHECK (safety_hold IN ('recall', 'incident', 'quarantine'));
ALTER TABLE asset ADD COLUMN hold_since timestamptz;
ALTER TABLE asset ADD CONSTRAINT asset_hold_check CHECK ((safety_hold IS NULL) = (hold_since IS NULL));
COMMENT ON COLUMN asset.safety_hold IS 'Why nobody may use it; lifted only by a person with the right (R3).';
ALTER TABLE asset ADD COLUMN service_due_on date;
ALTER TABLE asset ADD COLUMN is_service_blocked boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN asset.is_service_blocked IS 'Service is overdue and its type may not be used then (R2). Kept by the scheduler, because it changes at midnight of the facility.';
ALTER TABLE asset ADD COLUMN status_before text CHECK (status_before IN ('available', 'in_use', 'soiled', 'cleaning', 'in_repair'));
ALTER TABLE asset ADD COLUMN gone_since timestamptz;
ALTER TABLE asset ADD CONSTRAINT asset_missing_check
    CHECK ((status = 'missing') = (status_before IS NOT NULL) AND (status = 'missing') = (gone_since IS NOT NULL)) NOT VALID;
COMMENT ON COLUMN asset.status_before IS 'What a missing asset was before; comes back when it is seen again (R10).';
COMMENT ON COLUMN asset.gone_since IS 'When a missing asset was last known to be there; available ones gone for longer than 24 h come back soiled (R10).';
UPDATE asset SET status_before = 'available', gone_since = status_since WHERE status = 'missing';
ALTER TABLE asset VALIDATE CONSTRAINT asset_missing_check;
ALTER TABLE asset_type ADD COLUMN overdue_blocks boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN asset_type.overdue_blocks IS 'Whether overdue service keeps an asset of this type from being ready (R2).';

ALTER TABLE asset_place ADD COLUMN not_here_at timestamptz;
COMMENT ON COLUMN asset_place.not_here_at IS 'When somebody looked and did not find it there: the place is unknown until it is seen elsewhere or found.';
ALTER TABLE asset_place ADD COLUMN scanned_at timestamptz;
COMMENT ON COLUMN asset_place.scanned_at IS 'When a person last confirmed this very room.';
ALTER TABLE asset_place DROP CONSTRAINT asset_place_basis_check;
ALTER TABLE asset_place ADD CONSTRAINT asset_place_basis_check CHECK (basis IN ('beacon', 'pass', 'scan'));
COMMENT ON COLUMN asset_place.basis IS 'beacon: decided from many readings; pass: one reading at an RFID portal; scan: a person said so.';

CREATE FUNCTION copy_asset_room() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Lock order everywhere: asset_place before asset, each by id.
    UPDATE asset a SET room_id = CASE WHEN n.not_here_at IS NULL THEN n.room_id END
    FROM (SELECT asset_id, room_id, not_here_at FROM new_rows ORDER BY asset_id) n
    WHERE a.id = n.asset_id AND a.room_id IS DISTINCT FROM CASE WHEN n.not_here_at IS NULL THEN n.room_id END;
    RETURN NULL;
END $$;
CREATE FUNCTION clear_asset_room() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE asset a SET room_id = NULL FROM old_rows o WHERE a.id = o.asset_id AND a.room_id IS NOT NULL;
    RETURN NULL;
END $$;
UPDATE asset a SET room_id = p.room_id FROM asset_place p WHERE p.asset_id = a.id;
CREATE TRIGGER asset_place_insert_room AFTER INSERT ON asset_place REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION copy_asset_room();
CREATE TRIGGER asset_place_update_room AFTER UPDATE ON asset_place REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION copy_asset_room();
CREATE TRIGGER asset_place_delete_room AFTER DELETE ON asset_place REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION clear_asset_room();

CREATE INDEX asset_asset_type_id_room_id_idx ON asset (asset_type_id, room_id, status, id) WHERE status <> 'retired';
COMMENT ON INDEX asset_asset_type_id_room_id_idx IS 'The assets of a type room by room: results come nearest room first.';
CREATE INDEX asset_model_id_room_id_idx ON asset (model_id, room_id, status, id) WHERE status <> 'retired';
CREATE INDEX asset_room_id_idx ON asset (room_id, status, id) WHERE status <> 'retired';
CREATE INDEX asset_missing_idx ON asset (id) WHERE status = 'missing';
CREATE INDEX asset_service_due_on_idx ON asset (service_due_on, id) WHERE service_due_on IS NOT NULL AND status <> 'retired';
CREATE INDEX asset_safety_hold_idx ON asset (hold_since, id) WHERE safety_hold IS NOT NULL;

-- Exact counts. Every change of an asset inserts what it adds and takes away; nothing is updated, so no two transactions ever
-- wait for each other over a count. The scheduler folds the changes into asset_count.
CREATE TABLE asset_count (
    asset_type_id bigint NOT NULL,
    model_id bigint NOT NULL,
    room_id bigint NOT NULL,
    state text NOT NULL,
    n bigint NOT NULL,
    PRIMARY KEY (asset_type_id, model_id, room_id, state)
);
COMMENT ON TABLE asset_count IS 'How many assets of a type and model are in a room in a state; changes not folded yet are in asset_count_delta. Read the views.';
COMMENT ON COLUMN asset_count.model_id IS '0: no model is given.';
COMMENT ON COLUMN asset_count.room_id IS '0: no known place.';
CREATE INDEX asset_count_room_id_idx ON asset_count (room_id);
CREATE INDEX asset_count_model_id_idx ON asset_count (model_id, room_id);
CREATE INDEX asset_count_asset_type_id_room_id_idx ON asset_count (asset_type_id, room_id);
CREATE INDEX asset_count_empty_idx ON asset_count (room_id) WHERE n = 0;
CREATE TABLE asset_total (
    asset_type_id bigint NOT NULL,
    model_id bigint NOT NULL,
    state text NOT NULL,
    n bigint NOT NULL,
    PRIMARY KEY (asset_type_id, model_id, state)
);
COMMENT ON TABLE asset_total IS 'The same over all rooms: a few rows a type, however big the fleet. Read the view asset_totals.';
CREATE INDEX asset_total_model_id_idx ON asset_total (model_id);
CREATE TABLE asset_count_delta (
    asset_type_id bigint NOT NULL,
    model_id bigint NOT NULL,
    room_id bigint NOT NULL,
    state text NOT NULL,
    n bigint NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
COMMENT ON TABLE asset_count_delta IS 'Changes of counts that are not folded into asset_count yet; insert only.';
CREATE INDEX asset_count_delta_asset_type_id_idx ON asset_count_delta (asset_type_id, room_id);
CREATE INDEX asset_count_delta_room_id_idx ON asset_count_delta (room_id);
CREATE INDEX asset_count_delta_model_id_idx ON asset_count_delta (model_id);
CREATE VIEW asset_model_counts AS
    SELECT asset_type_id, model_id, room_id, state, sum(n)::bigint AS n
    FROM (SELECT asset_type_id, model_id, room_id, state, n FROM asset_count
          UNION ALL SELECT asset_type_id, model_id, room_id, state, n FROM asset_count_delta) c
    GROUP BY asset_type_id, model_id, room_id, state HAVING sum(n) <> 0;
CREATE VIEW asset_totals AS
    SELECT asset_type_id, model_id, state, sum(n)::bigint AS n
    FROM (SELECT asset_type_id, model_id, state, n FROM asset_total
          UNION ALL SELECT asset_type_id, model_id, state, n FROM asset_count_delta) c
    GROUP BY asset_type_id, model_id, state HAVING sum(n) <> 0;
COMMENT ON VIEW asset_totals IS 'Exact counts per type, model (0: none is given) and state over all rooms.';
COMMENT ON VIEW asset_model_counts IS 'The same counts apart for each model (0: none is given).';
CREATE VIEW asset_counts AS
    SELECT asset_type_id, room_id, state, sum(n)::bigint AS n
    FROM (SELECT asset_type_id, room_id, state, n FROM asset_count
          UNION ALL SELECT asset_type_id, room_id, state, n FROM asset_count_delta) c
    GROUP BY asset_type_id, room_id, state HAVING sum(n) <> 0;
COMMENT ON VIEW asset_counts IS 'Exact counts per type, room (0: no known place) and state: ready, held (hold or overdue service), unplaced (available, place unknown), else the status. Retired ones are not counted.';

CREATE FUNCTION asset_state(status text, safety_hold text, is_service_blocked boolean, room_id bigint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN status <> 'available' THEN status
                WHEN safety_hold IS NOT NULL OR is_service_blocked THEN 'held'
                WHEN room_id IS NULL THEN 'unplaced'
                ELSE 'ready' END
$$;
COMMENT ON FUNCTION asset_state IS 'The state that an asset is counted under. "ready" is R2 as far as the row knows; silence of a tag becomes the status missing by the scheduler.';

CREATE FUNCTION count_assets() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO asset_count_delta (asset_type_id, model_id, room_id, state, n)
        SELECT asset_type_id, coalesce(model_id, 0), coalesce(room_id, 0), asset_state(status, safety_hold, is_service_blocked, room_id), count(*)
        FROM new_rows WHERE status <> 'retired' GROUP BY 1, 2, 3, 4;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO asset_count_delta (asset_type_id, model_id, room_id, state, n)
        SELECT asset_type_id, coalesce(model_id, 0), coalesce(room_id, 0), asset_state(status, safety_hold, is_service_blocked, room_id), -count(*)
        FROM old_rows WHERE status <> 'retired' GROUP BY 1, 2, 3, 4;
    ELSE
        INSERT INTO asset_count_delta (asset_type_id, model_id, room_id, state, n)
        SELECT asset_type_id, coalesce(model_id, 0), coalesce(room_id, 0), asset_state(status, safety_hold, is_service_blocked, room_id), sum(sign)
        FROM (SELECT asset_type_id, model_id, room_id, status, safety_hold, is_service_blocked, 1 AS sign FROM new_rows
              UNION ALL
              SELECT asset_type_id, model_id, room_id, status, safety_hold, is_service_blocked, -1 FROM old_rows) c
        WHERE status <> 'retired' GROUP BY 1, 2, 3, 4 HAVING sum(sign) <> 0;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER asset_insert_count AFTER INSERT ON asset REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION count_assets();
CREATE TRIGGER asset_update_count AFTER UPDATE ON asset REFERENCING NEW TABLE AS new_rows OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION count_assets();
CREATE TRIGGER asset_delete_count AFTER DELETE ON asset REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION count_assets();
INSERT INTO asset_count (asset_type_id, model_id, room_id, state, n)
    SELECT asset_type_id, coalesce(model_id, 0), coalesce(room_id, 0), asset_state(status, safety_hold, is_service_blocked, room_id), count(*)
    FROM asset WHERE status <> 'retired' GROUP BY 1, 2, 3, 4;
INSERT INTO asset_total (asset_type_id, model_id, state, n)
    SELECT asset_type_id, model_id, state, sum(n) FROM asset_count GROUP BY 1, 2, 3;

CREATE FUNCTION fold_asset_counts() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    folded bigint;
BEGIN
    WITH gone AS (DELETE FROM asset_count_delta RETURNING asset_type_id, model_id, room_id, state, n),
    summed AS (
        INSERT INTO asset_count (asset_type_id, model_id, room_id, state, n)
        SELECT asset_type_id, model_id, room_id, state, sum(n) FROM gone GROUP BY 1, 2, 3, 4 HAVING sum(n) <> 0 ORDER BY 1, 2, 3, 4
        ON CONFLICT (asset_type_id, model_id, room_id, state) DO UPDATE SET n = asset_count.n + excluded.n),
    totalled AS (
        INSERT INTO asset_total (asset_type_id, model_id, state, n)
        SELECT asset_type_id, model_id, state, sum(n) FROM gone GROUP BY 1, 2, 3 HAVING sum(n) <> 0 ORDER BY 1, 2, 3
        ON CONFLICT (asset_type_id, model_id, state) DO UPDATE SET n = asset_total.n + excluded.n)
    SELECT count(*) INTO folded FROM gone;
    IF folded > 0 THEN
        DELETE FROM asset_count WHERE n = 0;
        DELETE FROM asset_total WHERE n = 0;
    END IF;
    RETURN folded;
END $$;
COMMENT ON FUNCTION fold_asset_counts IS 'Adds the changes to asset_count and removes them, in one transaction; returns how many there were.';

-- Everything that was said about an asset, by whom or by which rule (R12). Rows are never changed.
CREATE TABLE asset_event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    asset_id bigint NOT NULL REFERENCES asset (id),
    act text NOT NULL CHECK (act IN ('registered', 'edited', 'took', 'returned', 'soiled', 'cleaning', 'cleaned', 'broken', 'repaired',
        'not_here', 'found', 'missing', 'seen_again', 'held', 'released', 'retired', 'restored', 'tag_on', 'tag_off', 'undone')),
    from_status text NOT NULL,
    to_status text NOT NULL,
    at timestamptz NOT NULL,
    learned_at timestamptz NOT NULL,
    actor_user_id bigint REFERENCES app_user (id),
    rule text,
    room_id bigint REFERENCES room (id),
    detail text CHECK (length(detail) BETWEEN 1 AND 200),
    act_key uuid NOT NULL,
    undoes bigint REFERENCES asset_event (id),
    CONSTRAINT asset_event_who_check CHECK (num_nonnulls(actor_user_id, rule) = 1),
    CONSTRAINT asset_event_act_key_asset_id_key UNIQUE (act_key, asset_id),
    CONSTRAINT asset_event_undoes_check CHECK ((act = 'undone') = (undoes IS NOT NULL)),
    -- R9: nothing but a person makes a soiled asset available.
    CONSTRAINT asset_event_r9_check CHECK (rule IS NULL OR to_status <> 'available'
        OR from_status NOT IN ('in_use', 'soiled', 'cleaning', 'in_repair', 'retired'))
);
COMMENT ON TABLE asset_event IS 'What was said about an asset; its status is the fold of these rows (R12).';
COMMENT ON COLUMN asset_event.at IS 'When it happened; learned_at: when we learned of it.';
COMMENT ON COLUMN asset_event.rule IS 'Which rule acted, when no person did.';
COMMENT ON COLUMN asset_event.room_id IS 'Where the asset was thought to be, or was found.';
COMMENT ON COLUMN asset_event.detail IS 'Category of a fault, reason of a hold, and the like: words from fixed lists, or a typed reason.';
COMMENT ON COLUMN asset_event.act_key IS 'Idempotency key of the form: several assets in one act share it, and a second press finds it.';
COMMENT ON COLUMN asset_event.undoes IS 'The event that this one takes back.';
CREATE INDEX asset_event_asset_id_idx ON asset_event (asset_id, id);
CREATE UNIQUE INDEX asset_event_undoes_idx ON asset_event (undoes) WHERE undoes IS NOT NULL;
CREATE INDEX asset_event_not_here_idx ON asset_event (at, id) WHERE act IN ('not_here', 'found');
COMMENT ON INDEX asset_event_not_here_idx IS 'For the report of how often a place was right.';

CREATE TABLE form_post (
    form_key uuid PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES app_user (id),
    at timestamptz NOT NULL,
    location text NOT NULL,
    flash text
);
COMMENT ON TABLE form_post IS 'Forms that were carried out: the same key again gets the same answer and does nothing. Kept a day.';
CREATE INDEX form_post_at_idx ON form_post (at);

-- A person said where an asset is. Consumers take it over into their soft state (R14).
CREATE TABLE place_claim (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    asset_id bigint NOT NULL REFERENCES asset (id),
    room_id bigint NOT NULL REFERENCES room (id),
    at timestamptz NOT NULL
);
COMMENT ON TABLE place_claim IS 'Places that people gave in the last minutes, for the consumers to start from (R14). The scheduler removes old rows.';

CREATE TABLE task (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('look_for')),
    asset_id bigint NOT NULL REFERENCES asset (id),
    room_id bigint REFERENCES room (id),
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'done', 'cancelled')),
    opened_at timestamptz NOT NULL,
    opened_by bigint REFERENCES app_user (id),
    closed_at timestamptz,
    closed_by bigint REFERENCES app_user (id),
    outcome text CHECK (outcome IN ('found', 'seen', 'undone', 'retired')),
    CONSTRAINT task_closed_check CHECK ((state = 'open') = (closed_at IS NULL) AND (state = 'open') = (outcome IS NULL))
);
COMMENT ON TABLE task IS 'Work for people. look_for: somebody looked for an asset and it was not there.';
COMMENT ON COLUMN task.room_id IS 'Where it was not.';
CREATE UNIQUE INDEX task_open_asset_idx ON task (kind, asset_id) WHERE state = 'open';
CREATE INDEX task_open_idx ON task (opened_at, id) WHERE state = 'open';
CREATE INDEX task_closed_idx ON task (closed_at, id) WHERE state <> 'open';

CREATE TABLE equipment_par (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    asset_type_id bigint NOT NULL REFERENCES asset_type (id),
    room_id bigint REFERENCES room (id),
    room_kind text,
    target integer NOT NULL CHECK (target BETWEEN 1 AND 10000),
    critical integer NOT NULL CHECK (critical >= 0),
    maximum integer,
    CONSTRAINT equipment_par_where_check CHECK (num_nonnulls(room_id, room_kind) = 1),
    CONSTRAINT equipment_par_order_check CHECK (critical <= target AND (maximum IS NULL OR maximum >= target))
);
COMMENT ON TABLE equipment_par IS 'How many ready assets of a type a room, or each room of a kind, should hold (R8). A line for the room wins over one for its kind.';
CREATE UNIQUE INDEX equipment_par_room_idx ON equipment_par (asset_type_id, room_id) WHERE room_id IS NOT NULL;
CREATE UNIQUE INDEX equipment_par_kind_idx ON equipment_par (asset_type_id, room_kind) WHERE room_kind IS NOT NULL;

CREATE TABLE equipment_par_watch (
    asset_type_id bigint NOT NULL REFERENCES asset_type (id),
    room_id bigint NOT NULL REFERENCES room (id),
    is_below boolean NOT NULL,
    since timestamptz NOT NULL,
    PRIMARY KEY (asset_type_id, room_id)
);
COMMENT ON TABLE equipment_par_watch IS 'Since when a room is below or not below its critical level: the hold times of R8.';

CREATE TABLE alert (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('equipment_below_critical', 'soiled_in_clean_room', 'missing', 'reader_down')),
    severity text NOT NULL CHECK (severity IN ('low', 'medium', 'high', 'critical')),
    alert_key text NOT NULL CHECK (length(alert_key) BETWEEN 1 AND 200),
    asset_id bigint REFERENCES asset (id),
    asset_type_id bigint REFERENCES asset_type (id),
    room_id bigint REFERENCES room (id),
    reader_id bigint REFERENCES reader (id),
    is_active boolean NOT NULL DEFAULT true,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'acknowledged', 'resolved')),
    causes bigint NOT NULL DEFAULT 1,
    opened_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    ended_at timestamptz,
    acknowledged_at timestamptz,
    acknowledged_by bigint REFERENCES app_user (id),
    resolved_at timestamptz,
    resolved_by bigint REFERENCES app_user (id),
    resolution text CHECK (length(resolution) BETWEEN 1 AND 200),
    CONSTRAINT alert_active_check CHECK (is_active = (ended_at IS NULL)),
    CONSTRAINT alert_acknowledged_check CHECK (state <> 'acknowledged' OR acknowledged_at IS NOT NULL),
    CONSTRAINT alert_resolved_check CHECK ((state = 'resolved') = (resolved_at IS NOT NULL)),
    CONSTRAINT alert_reason_check CHECK (resolved_by IS NULL OR NOT is_active OR resolution IS NOT NULL)
);
COMMENT ON TABLE alert IS 'Something that somebody should know: is the condition true (is_active), and what did people do (state).';
COMMENT ON COLUMN alert.alert_key IS 'Kind, subject and place in one text: one unresolved alert a key (R22).';
COMMENT ON COLUMN alert.causes IS 'How often its cause came.';
COMMENT ON COLUMN alert.ended_at IS 'When the condition ended; a resolved alert that is still active keeps its key quiet until then.';
CREATE UNIQUE INDEX alert_unresolved_idx ON alert (alert_key) WHERE state <> 'resolved';
COMMENT ON INDEX alert_unresolved_idx IS 'R22: one unresolved alert per key.';
CREATE UNIQUE INDEX alert_quiet_idx ON alert (alert_key) WHERE is_active;
CREATE INDEX alert_list_idx ON alert (state, opened_at, id);
