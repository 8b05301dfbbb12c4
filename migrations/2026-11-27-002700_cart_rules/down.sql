DROP TRIGGER asset_cart_moved ON asset;
DROP FUNCTION note_cart_moved();
