DROP INDEX order_line_order_open_idx;
DROP TABLE lot_event;
