//! How the quantity of an order line is made: every number that went into it.

use actix_web::web;
use askama::Template;

use super::words::{how, is_two_bins, quantity, why};
use crate::app::App;
use crate::ids::OrderLineId;
use crate::supplies::list::{OrderLine, find_order_line};
use crate::web::extract::{IdPath, Viewer};
use crate::web::page::{Nav, Page, Shell};
use crate::web::strings::fill;
use crate::web::wording::grouped;
use crate::web::{PageError, routes};

/// The page.
#[derive(Debug, Template)]
#[template(path = "supplies/how.html")]
pub struct HowPage {
    /// Frame.
    pub shell: Shell,
    /// "How the order for IV cannula 20G is made".
    pub heading: String,
    /// The place.
    pub place: String,
    /// Why it is suggested.
    pub why: String,
    /// The numbers: what they are, and their value.
    pub rows: Vec<(&'static str, String)>,
    /// How the quantity follows from them.
    pub how: Vec<String>,
    /// The list of lines like this one.
    pub back: String,
}

/// `GET /reorder/{id}`
///
/// # Errors
/// 404 for a line that does not exist; when the database fails.
pub async fn page(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<OrderLineId>,
) -> Result<Page<HowPage>, PageError> {
    let conn = app.db.conn().await?;
    let line = find_order_line(&conn, id.0)
        .await?
        .ok_or(PageError::NotFound)?;
    Ok(Page::new(HowPage::new(viewer.shell(Nav::Reorder), &line)))
}

impl HowPage {
    pub(super) fn new(shell: Shell, line: &OrderLine) -> Self {
        let t = &shell.t.reorder;
        let number = |name: &str| match line.number(name) {
            Some(number) => grouped(number),
            None => t.none_set.to_owned(),
        };
        let mut rows = vec![
            (t.on_hand_row, number("on_hand")),
            (t.available_row, number("available")),
            (t.on_order_row, number("on_order")),
        ];
        if is_two_bins(line) {
            rows.push((t.bin_row, number("fixed_quantity")));
            rows.push((t.empty_row, number("empty_bins")));
        } else {
            rows.push((t.position_row, number("position")));
            rows.push((t.point_row, number("reorder_point")));
            rows.push((t.par_row, number("par")));
            rows.push((t.maximum_row, number("maximum")));
            rows.push((t.fixed_row, number("fixed_quantity")));
        }
        rows.push((t.pack_row, number("pack_units")));
        let per_day = line
            .arithmetic
            .get("use_per_day")
            .and_then(serde_json::Value::as_f64);
        rows.push((t.use_row, format!("{:.1}", per_day.unwrap_or(0.0))));
        let amount = |number| quantity(number, &line.base_unit, line.pack_units, shell.t);
        rows.push((t.suggested_row, amount(line.quantity_suggested)));
        rows.extend(
            line.quantity_ordered
                .map(|ordered| (t.ordered_row, amount(ordered))),
        );
        let back = routes::with_query(routes::REORDER, &[("state", line.state.as_str())]);
        Self {
            heading: fill(t.how_title, &[&line.item_name]),
            place: line.stock_place_name.clone(),
            why: why(line, shell.t),
            how: how(line, shell.t),
            rows,
            back,
            shell,
        }
    }
}
