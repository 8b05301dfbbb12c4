//! Statements of the register, whose text depends on the filter.

use wardtrack::assets;

use super::text_of;

/// Name, types of the values, text, values.
type Statement = (&'static str, &'static str, String, String);

/// The lists of the register, each filter by itself and some together.
pub fn statements(common: i64, asset: i64, many: &str) -> Vec<Statement> {
    use assets::register::list::{self, RegisterFilter, ServiceFilter, StandingFilter};
    use wardtrack::db::types::AssetStatus;
    use wardtrack::ids::{AssetId, AssetTypeId, ModelId, UnitId};
    let today = "2026-09-07".parse().unwrap();
    let of = |filter: RegisterFilter, by_text: &[AssetId], after: Option<&str>| {
        text_of(&list::numbers_query(&filter, by_text, today, after, 51))
    };
    let filter = RegisterFilter::default;
    let status = |status| RegisterFilter {
        status: Some(status),
        ..filter()
    };
    let service = |service| RegisterFilter {
        service: Some(service),
        ..filter()
    };
    let text = || RegisterFilter {
        text: "ip-0777".to_owned(),
        ..filter()
    };
    let of_type = || RegisterFilter {
        asset_type: Some(AssetTypeId(1)),
        ..filter()
    };
    let rare = common + 3;
    vec![
        (
            "register, first page",
            "(bigint)",
            of(filter(), &[], None),
            "(51)".into(),
        ),
        (
            "register, a later page",
            "(text, bigint)",
            of(filter(), &[], Some("x")),
            "('ip-050000', 51)".into(),
        ),
        (
            "register by number",
            "(text, bigint)",
            of(text(), &[], None),
            "('ip-0777%', 51)".into(),
        ),
        (
            "register by number and identifiers",
            "(text, bigint[], bigint)",
            of(text(), &[AssetId(1)], None),
            format!("('ip-0777%', ARRAY[{asset}], 51)"),
        ),
        (
            "register of a rare type",
            "(bigint, bigint)",
            of(of_type(), &[], None),
            format!("({rare}, 51)"),
        ),
        (
            "register of a common type",
            "(text, bigint, bigint)",
            of(of_type(), &[], Some("x")),
            format!("('ip-050000', {common}, 51)"),
        ),
        (
            "register of a model",
            "(bigint, bigint)",
            of(
                RegisterFilter {
                    model: Some(ModelId(1)),
                    ..filter()
                },
                &[],
                None,
            ),
            format!("({rare}, 51)"),
        ),
        (
            "register of a unit",
            "(bigint, bigint)",
            of(
                RegisterFilter {
                    owner: Some(UnitId(1)),
                    ..filter()
                },
                &[],
                None,
            ),
            "(1, 51)".into(),
        ),
        (
            "register on hold",
            "(bigint)",
            of(
                RegisterFilter {
                    is_held: true,
                    ..filter()
                },
                &[],
                None,
            ),
            "(51)".into(),
        ),
        (
            "register, overdue",
            "(date, bigint)",
            of(service(ServiceFilter::Overdue), &[], None),
            "('2026-09-07', 51)".into(),
        ),
        (
            "register, due soon",
            "(date, date, bigint)",
            of(service(ServiceFilter::Soon), &[], None),
            "('2026-09-07', '2026-10-07', 51)".into(),
        ),
        (
            "register, in service",
            "(bigint)",
            of(status(StandingFilter::InService), &[], None),
            "(51)".into(),
        ),
        (
            "register, retired",
            "(bigint)",
            of(
                status(StandingFilter::Status(AssetStatus::Retired)),
                &[],
                None,
            ),
            "(51)".into(),
        ),
        (
            "register, missing",
            "(bigint)",
            of(
                status(StandingFilter::Status(AssetStatus::Missing)),
                &[],
                None,
            ),
            "(51)".into(),
        ),
        (
            "register, soiled",
            "(text, bigint)",
            of(
                status(StandingFilter::Status(AssetStatus::Soiled)),
                &[],
                None,
            ),
            "('soiled', 51)".into(),
        ),
        (
            "devices by identifier",
            "(text, bigint)",
            text_of(&list::identifiers_query("sn77")),
            "('sn77%', 1000)".into(),
        ),
        (
            "devices without a tag",
            "(bigint[], bigint)",
            list::UNTAGGED_SQL.to_owned(),
            format!("(ARRAY[{many}], 51)"),
        ),
        (
            "tags of devices",
            "(bigint[])",
            list::TAG_KEYS_SQL.to_owned(),
            format!("(ARRAY[{many}])"),
        ),
        (
            "numbers of devices",
            "(bigint[])",
            list::IDENTIFIERS_SQL.to_owned(),
            format!("(ARRAY[{many}])"),
        ),
        (
            "types of the register",
            "(bigint, text, bigint)",
            list::TYPES_SQL.to_owned(),
            "(NULL, '', 51)".into(),
        ),
        (
            "models of the register",
            "(bigint, bigint, text, text, bigint)",
            list::MODELS_SQL.to_owned(),
            "(NULL, NULL, '', '', 51)".into(),
        ),
        (
            "tags of the register",
            "(text, boolean, bigint, bigint)",
            list::TAGS_SQL.to_owned(),
            "('', false, 51, 20000)".into(),
        ),
        (
            "tags on nothing",
            "(text, boolean, bigint, bigint)",
            list::TAGS_SQL.to_owned(),
            "('mac:0', true, 51, 20000)".into(),
        ),
        (
            "tags by text",
            "(text[], text)",
            list::TAGS_BY_TEXT_SQL.to_owned(),
            "(ARRAY['mac:00000000004D', 'x:7'], 'IP-000077')".into(),
        ),
        (
            "history of a device",
            "(bigint, bigint)",
            list::HISTORY_SQL.to_owned(),
            format!("({asset}, NULL)"),
        ),
        (
            "history of a tag",
            "(bigint, bigint)",
            list::HISTORY_SQL.to_owned(),
            "(NULL, 77)".into(),
        ),
    ]
}
