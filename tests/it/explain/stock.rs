//! Statements about stock, orders, counts and rules.

use wardtrack::supplies;

use super::Case;

/// The lists of supplies; `store` is a place of stock, `user` a person.
pub fn statements(store: i64, user: i64) -> Vec<Case> {
    vec![
        (
            "order lines to decide",
            "(text, bigint, bigint, bigint, bigint, timestamptz, bigint, bigint)",
            supplies::list::ORDER_KEYS_SQL,
            "('suggested', NULL, NULL, NULL, NULL, NULL, NULL, 51)".to_owned(),
        ),
        (
            "order lines of a round, further on",
            "(text, bigint, bigint, bigint, bigint, timestamptz, bigint, bigint)",
            supplies::list::ORDER_KEYS_SQL,
            "('suggested', 1, 1, NULL, NULL, now() - interval '1 hour', 7, 51)".to_owned(),
        ),
        (
            "order lines by supplier, further on",
            "(text, bigint, bigint, bigint, bigint, timestamptz, bigint, bigint, text, text)",
            supplies::list::ORDER_KEYS_GROUPED_SQL,
            "('suggested', NULL, NULL, NULL, NULL, now() - interval '1 hour', 7, 51, 'supplier', '0supplier 1')"
                .to_owned(),
        ),
        (
            "order lines in words",
            "(bigint[])",
            supplies::list::ORDER_LINES_SQL,
            "(ARRAY[1, 2, 3])".to_owned(),
        ),
        (
            "order lines of suppliers",
            "(text, bigint, bigint[], text, integer)",
            supplies::list::ORDER_GROUPS_SQL,
            "('suggested', NULL, ARRAY[1, 2], 'supplier', 200)".to_owned(),
        ),
        (
            "orders of which something is to come",
            "(boolean, timestamptz, bigint, bigint)",
            supplies::sent::SENT_ORDERS_SQL,
            "(true, NULL, NULL, 51)".to_owned(),
        ),
        (
            "orders that are done, further on",
            "(boolean, timestamptz, bigint, bigint)",
            supplies::sent::SENT_ORDERS_SQL,
            "(false, now() - interval '1 hour', 7, 51)".to_owned(),
        ),
        (
            "where lines go",
            "(bigint[])",
            supplies::sent::PUT_AWAY_SQL,
            "(ARRAY[1, 2, 3])".to_owned(),
        ),
        (
            "what of lines was damaged",
            "(bigint[])",
            supplies::sent::DAMAGED_SQL,
            "(ARRAY[1, 2, 3])".to_owned(),
        ),
        (
            "how many order lines",
            "",
            supplies::list::ORDER_COUNTS_SQL,
            String::new(),
        ),
        (
            "mean use that is due",
            "(timestamptz, bigint)",
            supplies::demand::FOLLOW_DEMAND_SQL,
            "(now(), 1000)".to_owned(),
        ),
        (
            "what rules in force are made from",
            "(bigint[], bigint[])",
            supplies::carry::RULE_INPUTS_SQL,
            "(ARRAY[1, 2, 3], ARRAY[1, 2, 3])".to_owned(),
        ),
        (
            "rules that apply",
            "(bigint[], bigint[], bigint[], bigint[], bigint[], bigint[])",
            supplies::carry::RULES_OF_SQL,
            "(ARRAY[1, 2, NULL], ARRAY[1, 2, NULL], ARRAY[1, 1, 1], ARRAY[1, 1, 1], ARRAY[1, 1, 1], ARRAY[1, 1, 1])".to_owned(),
        ),
        (
            "what a rule of an item reaches",
            "(bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint)",
            supplies::carry::RULE_REACH_SQL,
            "(7, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 501)".to_owned(),
        ),
        (
            "what a rule of a facility reaches next",
            "(bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint)",
            supplies::carry::RULE_REACH_SQL,
            "(NULL, NULL, NULL, NULL, NULL, 1, NULL, NULL, 700, 3, 1000)".to_owned(),
        ),
        (
            "rules above places",
            "(boolean, bigint, text, text, bigint[], bigint)",
            supplies::rulebook::STOCK_RULES_SQL,
            "(false, NULL, NULL, NULL, NULL, 51)".to_owned(),
        ),
        (
            "rules at places by text",
            "(boolean, bigint, text, text, bigint[], bigint)",
            supplies::rulebook::STOCK_RULES_SQL,
            "(true, 500, 'item 17', '%item 17%', NULL, 51)".to_owned(),
        ),
        (
            "rules to be named",
            "(boolean, bigint, text, text, bigint[], bigint)",
            supplies::rulebook::STOCK_RULES_SQL,
            "(NULL, NULL, NULL, NULL, ARRAY[1, 2, 3], 3)".to_owned(),
        ),
        (
            "an item as its form shows it",
            "(bigint)",
            supplies::catalogue::ITEM_SHEET_SQL,
            "(7)".to_owned(),
        ),
        (
            "where a rule holds",
            "(bigint, bigint, bigint, bigint, bigint)",
            supplies::rulebook::RULE_SCOPE_SQL,
            format!("({store}, NULL, NULL, NULL, NULL)"),
        ),
        (
            "a place of stock",
            "(bigint)",
            supplies::stock::STOCK_PLACE_SQL,
            format!("({store})"),
        ),
        (
            "labels of a cabinet",
            "(bigint, bigint[])",
            supplies::reads::CABINET_UNITS_SQL,
            format!("({store}, '{{1,2,3}}')"),
        ),
        (
            "cards of bins",
            "(bigint[])",
            supplies::reads::BIN_CARDS_SQL,
            "('{1,2,3}')".to_owned(),
        ),
        (
            "cabinets whose being heard changed",
            "(timestamptz)",
            supplies::silence::CABINETS_SQL,
            "(now())".to_owned(),
        ),
        (
            "places of stock",
            "(text, bigint, bigint)",
            supplies::stock::STOCK_PLACES_SQL,
            "(NULL, NULL, 101)".to_owned(),
        ),
        (
            "items of a place",
            "(bigint, text, bigint, bigint)",
            supplies::stock::ITEMS_OF_PLACE_SQL,
            "(5, 'explained item 3', 3, 101)".to_owned(),
        ),
        (
            "places of an item",
            "(bigint, text, bigint, bigint)",
            supplies::stock::PLACES_OF_ITEM_SQL,
            "(5, NULL, NULL, 101)".to_owned(),
        ),
        (
            "what is said of stock",
            "(bigint[], bigint[])",
            supplies::stock::STOCK_FACTS_SQL,
            "(ARRAY[1, 2, 3], ARRAY[1, 2, 3])".to_owned(),
        ),
        (
            "counts",
            "(boolean, bigint, bigint)",
            supplies::counts::COUNT_SESSIONS_SQL,
            "(true, NULL, 51)".to_owned(),
        ),
        (
            "counts that are over",
            "(boolean, bigint, bigint)",
            supplies::counts::COUNT_SESSIONS_SQL,
            "(false, 7, 51)".to_owned(),
        ),
        (
            "places to count",
            "(text, bigint, bigint, timestamptz)",
            supplies::counts::COUNT_PLACES_SQL,
            "(NULL, NULL, 51, now())".to_owned(),
        ),
        (
            "what can be counted",
            "(bigint, timestamptz, bigint)",
            supplies::counts::COUNT_CANDIDATES_SQL,
            format!("({store}, now(), 300)"),
        ),
        (
            "lines of a count",
            "(bigint)",
            supplies::counts::COUNT_LINES_SQL,
            "(1)".to_owned(),
        ),
        (
            "lots of counted lines",
            "(bigint[], timestamptz[])",
            supplies::counts::COUNT_LOTS_SQL,
            "('{1,2}', ARRAY[now(), now()])".to_owned(),
        ),
        (
            "what a person entered",
            "(bigint, bigint, bigint)",
            supplies::counts::COUNT_LOG_SQL,
            format!("(1, {user}, 10)"),
        ),
        (
            "moves beside counted lines",
            "(bigint[])",
            supplies::counts::COUNT_MOVES_SQL,
            "('{1,2}')".to_owned(),
        ),
        (
            "a scanned code",
            "(text, text, bigint, text[])",
            supplies::scan::SCAN_CODES_SQL,
            format!("('A-01', NULL, {store}, '{{x:1}}')"),
        ),
        (
            "what a person scanned",
            "(bigint, bigint, text[], timestamptz, bigint)",
            supplies::scan::SCAN_LOG_SQL,
            format!("({user}, {store}, '{{issue}}', now() - interval '12 hours', 10)"),
        ),
        (
            "bins that are empty",
            "(bigint, bigint)",
            supplies::scan::EMPTY_BINS_SQL,
            format!("({store}, 50)"),
        ),
        (
            "lots of an item",
            "(bigint, timestamptz, bigint)",
            supplies::stock::ITEM_LOTS_SQL,
            "(5, now(), 101)".to_owned(),
        ),
        (
            "lots that expire soon",
            "(date, date, bigint, bigint, timestamptz, bigint)",
            supplies::stock::EXPIRING_LOTS_SQL,
            "((current_date + 90)::date, NULL, NULL, NULL, now(), 101)".to_owned(),
        ),
        (
            "where a lot is",
            "(bigint, text, bigint, timestamptz, bigint)",
            supplies::lots::LOT_PLACES_SQL,
            "(5, NULL, NULL, now(), 101)".to_owned(),
        ),
        (
            "where an item may be moved to",
            "(bigint, bigint)",
            supplies::stock::TRANSFER_TARGETS_SQL,
            "(5, 500)".to_owned(),
        ),
        (
            "moves of an item at a place",
            "(bigint, bigint, timestamptz, bigint, bigint)",
            supplies::stock::STOCK_MOVES_SQL,
            "(5, 5, NULL, NULL, 26)".to_owned(),
        ),
        (
            "items by name",
            "(text, text, text, bigint)",
            supplies::stock::FIND_ITEMS_SQL,
            "('item 17', '%item 17%', NULL, 101)".to_owned(),
        ),
        (
            "how items stand",
            "(bigint[], bigint[], timestamptz)",
            supplies::settle::STANDINGS_SQL,
            "(ARRAY[1, 2, 3], ARRAY[1, 2, 3], now())".to_owned(),
        ),
        (
            "bins that are short",
            "(bigint[], bigint[])",
            supplies::settle::SHORT_BINS_SQL,
            "(ARRAY[1, 2, 3], ARRAY[1, 2, 3])".to_owned(),
        ),
        (
            "what a place holds of an item",
            "(bigint, bigint, timestamptz, bigint)",
            supplies::acts::PORTIONS_SQL,
            "(5, 5, now(), NULL)".to_owned(),
        ),
        (
            "lots that expire",
            "(timestamptz, bigint)",
            supplies::expiry::EXPIRIES_SQL,
            "(now(), 500)".to_owned(),
        ),
        (
            "lots that are over and short",
            "(timestamptz, bigint)",
            supplies::expiry::SHORT_EXPIRED_SQL,
            "(now(), 500)".to_owned(),
        ),
        (
            "lots that are gone",
            "(bigint)",
            supplies::expiry::EXPIRIES_OVER_SQL,
            "(500)".to_owned(),
        ),
    ]
}
