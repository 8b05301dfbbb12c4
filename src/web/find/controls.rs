//! What narrows and orders a list of results: plain links and a GET form, so that the address says it all.

use super::super::origin::Origin;
use super::super::page::Shell;
use super::super::strings::{Strings, fill};
use super::super::wording::{capitalised, grouped};
use super::super::{PageError, routes};
use super::params::FindParams;
use crate::db::DbConn;
use crate::find::filter::{CertaintyFilter, PlaceFilter, Sort, StatusFilter};
use crate::find::list::HitPage;
use crate::find::spots::list_type_names;
use crate::places::store::{list_floor_names, list_units};

/// Filters, order and origin of a list.
#[derive(Clone, Debug)]
pub struct Controls {
    /// How far: the own unit, or everywhere.
    pub reach: Vec<Reach>,
    /// The same search on the plan of a floor.
    pub plan_href: Option<String>,
    /// Further filters, as a form.
    pub controls: Vec<Control>,
    /// Hidden fields of the form: what is not a control of it.
    pub kept: Vec<(&'static str, String)>,
    /// Whether any filter is set.
    pub is_narrowed: bool,
    /// The list without filters.
    pub clear_href: String,
    /// Places to measure from.
    pub origins: Vec<OptionLine>,
    /// Where the origin form leads back to.
    pub here: String,
}

/// One way to say how far.
#[derive(Clone, Debug)]
pub struct Reach {
    /// The words.
    pub words: String,
    /// How many are ready there.
    pub ready: Option<String>,
    /// The list.
    pub href: String,
    /// Whether it is chosen.
    pub is_current: bool,
}

/// One select of the form.
#[derive(Clone, Debug)]
pub struct Control {
    /// Name in the query string; the id is `f-` and this.
    pub name: &'static str,
    /// Its label.
    pub label: &'static str,
    /// Its options, the first for "any".
    pub options: Vec<OptionLine>,
}

/// One option of a select.
#[derive(Clone, Debug)]
pub struct OptionLine {
    /// Value in the query string.
    pub value: String,
    /// The words.
    pub words: String,
    /// Whether it is chosen.
    pub is_selected: bool,
}

impl OptionLine {
    fn new(value: impl Into<String>, words: impl Into<String>, chosen: &str) -> Self {
        let value = value.into();
        Self {
            is_selected: value == chosen,
            value,
            words: words.into(),
        }
    }
}

impl Controls {
    /// The controls of a list.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn load(
        conn: &DbConn,
        shell: &Shell,
        params: &FindParams,
        origin: &Origin,
        found: &HitPage,
    ) -> Result<Self, PageError> {
        let (units, floors, types) = tokio::try_join!(
            list_units(conn),
            list_floor_names(conn),
            list_type_names(conn)
        )?;
        let t = shell.t;
        let unit_lines = |chosen: &str, text: &dyn Fn(crate::ids::UnitId) -> String| {
            units
                .iter()
                .map(|(id, name)| OptionLine::new(text(*id), name, chosen))
                .collect::<Vec<_>>()
        };
        let as_place = |id| PlaceFilter::Unit(id).text();
        let place = params.place.as_deref().unwrap_or_default();
        let mut places = vec![OptionLine::new("", t.pages.find.everywhere, place)];
        places.extend(unit_lines(place, &as_place));
        places.extend(
            floors
                .into_iter()
                .map(|(id, words)| OptionLine::new(PlaceFilter::Floor(id).text(), words, place)),
        );
        let owner = params.owner.as_deref().unwrap_or_default();
        let mut owners = vec![OptionLine::new("", t.pages.find.any_owner, owner)];
        owners.extend(unit_lines(owner, &|id| id.to_string()));
        // Beside a text, a type says little: the text means one.
        let is_of_type = params.q.trim().is_empty();
        let mut controls = Vec::new();
        if is_of_type {
            let chosen = params.wanted_type().unwrap_or_default();
            let mut options = vec![OptionLine::new("", t.pages.find.all_equipment, chosen)];
            options.extend(
                types
                    .iter()
                    .map(|(id, name)| OptionLine::new(id.to_string(), capitalised(name), chosen)),
            );
            controls.push(Control {
                name: "type",
                label: t.plan.type_label,
                options,
            });
        }
        let place_at = controls.len();
        controls.push(Control {
            name: "place",
            label: t.pages.find.f_place,
            options: places,
        });
        controls.extend(fixed_controls(params, t));
        controls.insert(
            place_at + 3,
            Control {
                name: "owner",
                label: t.pages.find.f_owner,
                options: owners,
            },
        );
        let names = ["place", "status", "certainty", "owner"];
        let none: Vec<(&str, &str)> = names.iter().map(|name| (*name, "")).collect();
        let mut origins = vec![OptionLine::new("", t.pages.find.from_nowhere, &origin.text)];
        if origin.text.starts_with("room-") {
            let name = origin.name.clone().unwrap_or_default();
            origins.push(OptionLine::new(&origin.text, name, &origin.text));
        }
        origins.extend(unit_lines(&origin.text, &as_place));
        Ok(Self {
            reach: reach(params, origin, found, t),
            plan_href: Some(routes::search_on_plan_path(
                None,
                &params.q,
                params.wanted_type().unwrap_or_default(),
            )),
            controls,
            kept: [
                ("q", params.q.trim().to_owned()),
                ("type", params.r#type.clone().unwrap_or_default()),
                ("from", params.from.clone().unwrap_or_default()),
                ("exact", params.exact.clone().unwrap_or_default()),
            ]
            .into_iter()
            .filter(|(name, value)| !(value.is_empty() || is_of_type && *name == "type"))
            .collect(),
            is_narrowed: names
                .iter()
                .any(|name| params.href(&[(name, "")]) != params.href(&[])),
            clear_href: params.href(&none),
            origins,
            here: params.href(&[("from", "")]),
        })
    }

    /// Without how far: on a page that lists nothing.
    #[must_use]
    pub fn without_reach(mut self) -> Self {
        self.reach.clear();
        self.plan_href = None;
        self
    }

    /// Controls for tests of templates.
    #[must_use]
    pub fn sample(shell: &Shell) -> Self {
        let params = FindParams {
            q: "<pump>".to_owned(),
            status: Some("ready".to_owned()),
            ..FindParams::default()
        };
        let origin = Origin {
            text: "unit-5".to_owned(),
            name: Some("4 West".to_owned()),
            unit: Some(crate::ids::UnitId(5)),
            unit_name: Some("4 West".to_owned()),
            ..Origin::default()
        };
        Self {
            reach: reach(&params, &origin, &HitPage::default(), shell.t),
            plan_href: Some(routes::PLANS.to_owned()),
            controls: fixed_controls(&params, shell.t),
            kept: vec![("q", "<pump>".to_owned())],
            is_narrowed: true,
            clear_href: routes::find_path("<pump>"),
            origins: vec![OptionLine::new("unit-5", "4 West", "unit-5")],
            here: routes::find_path("<pump>"),
        }
    }
}

fn reach(params: &FindParams, origin: &Origin, found: &HitPage, t: &Strings) -> Vec<Reach> {
    let Some((unit, name)) = origin.unit.zip(origin.unit_name.clone()) else {
        return Vec::new();
    };
    let place = params.place.as_deref().unwrap_or_default();
    let mine = PlaceFilter::Unit(unit).text();
    let count = |count: usize| Some(grouped(i64::try_from(count).unwrap_or(i64::MAX)));
    let is_all = place.is_empty();
    vec![
        Reach {
            words: name,
            ready: if is_all {
                count(found.ready_in_unit)
            } else {
                None
            },
            href: params.href(&[("place", &mine)]),
            is_current: place == mine,
        },
        Reach {
            words: t.pages.find.everywhere.to_owned(),
            ready: if is_all { count(found.ready) } else { None },
            href: params.href(&[("place", "")]),
            is_current: is_all,
        },
    ]
}

fn fixed_controls(params: &FindParams, t: &'static Strings) -> Vec<Control> {
    let words = &t.pages.find;
    let status = params.status.as_deref().unwrap_or_default();
    let mut statuses = vec![OptionLine::new("", words.any_status, status)];
    statuses.extend(StatusFilter::ALL.iter().map(|(filter, value)| {
        let name = match filter {
            StatusFilter::Ready => words.only_ready,
            StatusFilter::Held => t.status.hold,
            StatusFilter::Is(status) => super::super::wording::status_word(*status, t),
        };
        OptionLine::new(*value, name, status)
    }));
    let certainty = params.certainty.as_deref().unwrap_or_default();
    let mut certainties = vec![OptionLine::new("", words.any_certainty, certainty)];
    certainties.extend(CertaintyFilter::ALL.iter().map(|(filter, value)| {
        let name = match filter {
            CertaintyFilter::Sure => fill(
                words.sure_or,
                &[&t.certainty.confirmed, &t.certainty.likely],
            ),
            CertaintyFilter::Confirmed => t.certainty.confirmed.to_owned(),
            CertaintyFilter::LastSeen => t.certainty.last_seen.to_owned(),
            CertaintyFilter::Unknown => t.certainty.unknown.to_owned(),
        };
        OptionLine::new(*value, name, certainty)
    }));
    let sort = params.sort.as_deref().unwrap_or("nearest");
    let sorts = Sort::ALL.iter().map(|(order, value)| {
        let name = match order {
            Sort::Nearest => words.sort_nearest,
            Sort::Newest => words.sort_newest,
            Sort::Number => words.sort_number,
        };
        OptionLine::new(*value, name, sort)
    });
    vec![
        Control {
            name: "status",
            label: words.col_status,
            options: statuses,
        },
        Control {
            name: "certainty",
            label: words.col_certainty,
            options: certainties,
        },
        Control {
            name: "sort",
            label: words.f_sort,
            options: sorts.collect(),
        },
    ]
}
