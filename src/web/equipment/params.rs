//! The query string of the register: its filters live in the address.

use serde::Deserialize;

use crate::assets::register::list::{RegisterFilter, ServiceFilter, StandingFilter};
use crate::db::types::AssetStatus;
use crate::find::query::TEXT_CHARS_MAX;
use crate::ids::{AssetTypeId, ModelId, UnitId};
use crate::web::{exports, routes};

/// The query string of the register.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct RegisterParams {
    /// Beginning of a number or identifier, or a tag.
    pub text: Option<String>,
    /// Id of a type.
    #[serde(rename = "type")]
    pub asset_type: Option<String>,
    /// Id of a model.
    pub model: Option<String>,
    /// A status, or `in_service`.
    pub status: Option<String>,
    /// Id of a unit.
    pub owner: Option<String>,
    /// `1`: only those on hold.
    pub hold: Option<String>,
    /// `overdue` or `soon`.
    pub service: Option<String>,
    /// `none`: only those without a tag.
    pub tag: Option<String>,
    /// The number after which the page begins.
    pub after: Option<String>,
}

impl RegisterParams {
    /// The filter, and the names and values of what could not be read.
    #[must_use]
    pub fn filter(&self) -> (RegisterFilter, Vec<(&'static str, String)>) {
        let mut bad = Vec::new();
        let mut filter = RegisterFilter::default();
        let given = |value: &Option<String>| {
            value
                .as_deref()
                .map(str::trim)
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        let mut reject = |name: &'static str, value: String| {
            bad.push((name, value.chars().take(40).collect::<String>()));
        };
        if let Some(text) = given(&self.text) {
            if text.chars().count() > TEXT_CHARS_MAX {
                reject("text", text);
            } else {
                filter.text = text.chars().filter(|sign| !sign.is_control()).collect();
            }
        }
        if let Some(text) = given(&self.asset_type) {
            match text.parse() {
                Ok(id) => filter.asset_type = Some(AssetTypeId(id)),
                Err(_) => reject("type", text),
            }
        }
        if let Some(text) = given(&self.model) {
            match text.parse() {
                Ok(id) => filter.model = Some(ModelId(id)),
                Err(_) => reject("model", text),
            }
        }
        if let Some(text) = given(&self.owner) {
            match text.parse() {
                Ok(id) => filter.owner = Some(UnitId(id)),
                Err(_) => reject("owner", text),
            }
        }
        if let Some(text) = given(&self.status) {
            match (text.as_str(), AssetStatus::from_text(&text)) {
                ("in_service", _) => filter.status = Some(StandingFilter::InService),
                (_, Some(status)) => filter.status = Some(StandingFilter::Status(status)),
                _ => reject("status", text),
            }
        }
        if let Some(text) = given(&self.service) {
            match text.as_str() {
                "overdue" => filter.service = Some(ServiceFilter::Overdue),
                "soon" => filter.service = Some(ServiceFilter::Soon),
                _ => reject("service", text),
            }
        }
        if let Some(text) = given(&self.hold) {
            match text.as_str() {
                "1" => filter.is_held = true,
                _ => reject("hold", text),
            }
        }
        if let Some(text) = given(&self.tag) {
            match text.as_str() {
                "none" => filter.is_untagged = true,
                _ => reject("tag", text),
            }
        }
        (filter, bad)
    }

    /// The address of these filters, with another beginning.
    #[must_use]
    pub fn href(&self, after: Option<&str>) -> String {
        let mut given = self.pairs();
        given.extend(after.map(|after| ("after", after)));
        if given.is_empty() {
            routes::EQUIPMENT.to_owned()
        } else {
            routes::with_query(routes::EQUIPMENT, &given)
        }
    }

    /// Everything that these filters find, as a file.
    #[must_use]
    pub fn csv_href(&self) -> String {
        exports::download_href(routes::EQUIPMENT_CSV, &self.pairs())
    }

    /// The filters that are set.
    fn pairs(&self) -> Vec<(&'static str, &str)> {
        [
            ("text", &self.text),
            ("type", &self.asset_type),
            ("model", &self.model),
            ("status", &self.status),
            ("owner", &self.owner),
            ("hold", &self.hold),
            ("service", &self.service),
            ("tag", &self.tag),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.as_deref()?)))
        .filter(|(_, value)| !value.is_empty())
        .collect()
    }
}
