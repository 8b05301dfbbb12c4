-- A cart without a room of its own belongs to the room where its tag is: when it comes to another one, the rules that reach it there are carried anew.
-- One look by an index for each device that changes its room; a plain insert, which waits for nobody.
CREATE FUNCTION note_cart_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO stock_rule_due (stock_place_id)
    SELECT p.id FROM stock_place p
    WHERE p.asset_id = NEW.id AND p.room_id IS NULL AND NOT p.is_retired
      AND NOT EXISTS (SELECT FROM stock_rule_due d WHERE d.stock_place_id = p.id AND d.item_id IS NULL AND d.after_item_id IS NULL);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION note_cart_moved IS 'A cart that is a place of stock came to another room: rules are inherited from there. While nobody knows where it is, it keeps what it has.';
CREATE TRIGGER asset_cart_moved AFTER UPDATE OF room_id ON asset FOR EACH ROW
    WHEN (NEW.room_id IS NOT NULL AND NEW.room_id IS DISTINCT FROM OLD.room_id) EXECUTE FUNCTION note_cart_moved();
