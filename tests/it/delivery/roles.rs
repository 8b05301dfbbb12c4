//! People are told by what they are and where they work, at the address that they gave themselves.

use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};

use crate::acts::{count, key};
use crate::pages::{has, has_not, served};
use crate::support::{Actor, Html};

const OWN_MAIL: &str = "/alerts/mail";
const SETUP: &str = "/deliveries/set-up";

impl Actor {
    async fn own_mail(&self, act: &str, address: &str) -> Html {
        let key = key();
        let fields = [("key", key.as_str()), ("act", act), ("address", address)];
        self.post(OWN_MAIL, &fields).await
    }

    async fn route(&self, to: &str) -> Html {
        let key = key();
        let fields = [
            ("key", key.as_str()),
            ("act", "add_route"),
            ("destination", to),
            ("alert_kind", ""),
            ("unit", ""),
            ("severity", "low"),
            ("step", "0"),
        ];
        self.post(SETUP, &fields).await
    }
}

/// An alert of a room, so of its unit; returns to how many addresses it was told.
async fn told(conn: &mut AsyncPgConnection, name: &str, room: &str) -> i64 {
    conn.batch_execute(&format!(
        "INSERT INTO alert (kind, severity, alert_key, room_id, opened_at, last_at) VALUES ('soiled_in_clean_room', 'high', 'soiled_in_clean_room:{name}', {room}, now(), now())"
    ))
    .await
    .unwrap();
    let sql = format!(
        "SELECT count(*) FROM outbox o JOIN alert a ON a.id = o.alert_id WHERE a.alert_key = 'soiled_in_clean_room:{name}'"
    );
    count(conn, &sql).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_to_a_role_tells_who_is_that_and_works_there() {
    let (app, _, mut conn) = served().await;
    let (nurse, tech) = (app.nurse().await, app.supply_tech().await);
    has(&nurse.page(OWN_MAIL).await, "You gave no address");
    has(&nurse.page("/alerts").await, "Alerts by mail to you");
    for address in ["", "kim", "kim@", "a b@hospital.example"] {
        let odd = nurse.own_mail("set", address).await;
        assert_eq!(odd.status, 422, "{address}");
        assert_eq!(
            odd.attribute("[aria-invalid]", "value").as_deref(),
            Some(address)
        );
    }
    assert_eq!(nurse.own_mail("test", "").await.status, 409);
    assert_eq!(nurse.own_mail("odd", "").await.status, 400);
    for (person, address) in [
        (&nurse, "kim@hospital.example"),
        (&tech, "lee@hospital.example"),
    ] {
        person.page(OWN_MAIL).await;
        assert_eq!(person.own_mail("set", address).await.status, 303);
        has(&person.page(OWN_MAIL).await, address);
    }
    assert_eq!(nurse.own_mail("test", "").await.status, 303);
    let tests = "SELECT count(*) FROM outbox WHERE event = 'test'";
    assert_eq!(count(&mut conn, tests).await, 1);
    // A new address takes the place of the old one.
    assert_eq!(
        nurse
            .own_mail("set", "kim.new@hospital.example")
            .await
            .status,
        303
    );
    has_not(&nurse.page(OWN_MAIL).await, "kim@hospital.example");
    let own = "SELECT count(*) FROM destination WHERE user_id IS NOT NULL";
    assert_eq!(count(&mut conn, own).await, 2);
    conn.batch_execute(
        "INSERT INTO unit (facility_id, name) SELECT min(id), 'Far away' FROM facility;
         UPDATE room SET unit_id = (SELECT max(id) FROM unit) WHERE id = (SELECT max(id) FROM room);
         UPDATE app_user SET home_unit_id = (SELECT min(unit_id) FROM room) WHERE role = 'nurse'",
    )
    .await
    .unwrap();
    let admin = app.admin().await;
    has(&admin.page(SETUP).await, "There is no destination yet");
    assert_eq!(admin.route("role-nurse").await.status, 303);
    assert_eq!(admin.route("role-nurse").await.status, 409, "there is one");
    assert_eq!(admin.route("role-chief").await.status, 400);
    has(&admin.page(SETUP).await, "Everybody who is: Nurse");
    let here = "(SELECT id FROM room ORDER BY unit_id, id LIMIT 1)";
    let there = "(SELECT id FROM room WHERE unit_id IS NOT NULL ORDER BY unit_id DESC, id LIMIT 1)";
    let units = "SELECT count(DISTINCT unit_id) FROM room";
    assert!(count(&mut conn, units).await > 1);
    assert_eq!(told(&mut conn, "here", here).await, 1);
    assert_eq!(
        told(&mut conn, "there", there).await,
        0,
        "somebody else's unit"
    );
    assert_eq!(told(&mut conn, "everywhere", "NULL").await, 1);
    assert_eq!(admin.route("role-supply").await.status, 303);
    let who = format!("{SETUP}?kind=soiled_in_clean_room&severity=high");
    has(&admin.page(&who).await, "(Mail): at once");
    assert_eq!(
        told(&mut conn, "there again", there).await,
        1,
        "who works in no unit is told of all"
    );
    // Whoever may no longer sign in is told nothing, nor is who took the address away.
    conn.batch_execute("UPDATE app_user SET disabled_at = now() WHERE role = 'supply'")
        .await
        .unwrap();
    assert_eq!(told(&mut conn, "disabled", there).await, 0);
    assert_eq!(nurse.own_mail("away", "").await.status, 303);
    assert_eq!(told(&mut conn, "away", here).await, 0);
    let waiting = "SELECT count(*) FROM outbox o JOIN destination d ON d.id = o.destination_id JOIN app_user u ON u.id = d.user_id \
                   WHERE u.role = 'nurse' AND o.failed_at IS NULL";
    assert_eq!(
        count(&mut conn, waiting).await,
        0,
        "what waited is given up"
    );
    has(&nurse.page(OWN_MAIL).await, "You gave no address");
}
