//! S-35: what a reader's sign-in may do at a live broker, and everything else that it may not.

use std::time::{Duration, Instant};

use lapin::options::{
    BasicConsumeOptions, BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions,
    ExchangeDeclareOptions, ExchangeDeleteOptions, QueueBindOptions, QueueDeclareOptions,
    QueueDeleteOptions, QueuePurgeOptions,
};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Connection, ExchangeKind};
use wardtrack::broker::topology::{INGEST_EXCHANGE, shard_queue};
use wardtrack::broker::{BrokerAddress, Publisher};
use wardtrack::config::Secret;

use super::rig::{Batch, Rig, SOON, on_stage, wait_until};

async fn connect(rig: &Rig) -> Connection {
    rig.reader(0)
        .address
        .connect("wardtrack test")
        .await
        .unwrap()
}

/// Publishes and waits for what the broker says to it.
async fn publish(
    channel: &Channel,
    exchange: &str,
    key: &str,
    properties: BasicProperties,
) -> lapin::Result<()> {
    channel
        .confirm_select(ConfirmSelectOptions::default())
        .await?;
    let options = BasicPublishOptions {
        mandatory: true,
        ..BasicPublishOptions::default()
    };
    let confirm = channel
        .basic_publish(exchange.into(), key.into(), options, b"{}", properties)
        .await?;
    confirm.await.map(drop)
}

/// Code with which the broker closed the channel.
fn refusal_code<T: std::fmt::Debug>(answer: lapin::Result<T>) -> u16 {
    match answer {
        Err(error) => match error.kind() {
            lapin::ErrorKind::ProtocolError(amqp) => amqp.get_id(),
            other => panic!("refused in another way: {other:?}"),
        },
        Ok(answer) => panic!("allowed: {answer:?}"),
    }
}

const ACCESS_REFUSED: u16 = 403;
const PRECONDITION_FAILED: u16 = 406;

/// Each act on a channel of its own, because a refusal closes it.
async fn is_refused<T: std::fmt::Debug>(
    connection: &Connection,
    what: &str,
    act: impl AsyncFnOnce(&Channel) -> lapin::Result<T>,
) {
    let channel = connection.create_channel().await.unwrap();
    assert_eq!(refusal_code(act(&channel).await), ACCESS_REFUSED, "{what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn s35_1_own_key_is_accepted() {
    on_stage(async |rig| {
        rig.publish(0, &[Batch::new(rig.now_ms()).body()]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s35_2_another_readers_key_is_refused() {
    on_stage(async |rig| {
        let connection = connect(rig).await;
        let own = rig.reader(0).routing_key.clone();
        let keys = [
            rig.reader(1).routing_key.clone(),
            format!("{own}x"),
            format!("{own}.x"),
            format!("x.{own}"),
            "s.#".to_owned(),
            String::new(),
        ];
        for key in keys {
            is_refused(&connection, &key, async |channel| {
                publish(channel, INGEST_EXCHANGE, &key, BasicProperties::default()).await
            })
            .await;
        }
        connection.close(200, "done".into()).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s35_3_4_default_dead_letter_and_other_exchanges_are_refused() {
    on_stage(async |rig| {
        let connection = connect(rig).await;
        let queue = shard_queue(0);
        for (exchange, key) in [
            ("", queue.as_str()),
            ("wt.dlx", "x"),
            ("wt.unrouted", "x"),
            ("wt.changes", "x"),
            ("amq.topic", &rig.reader(0).routing_key),
        ] {
            is_refused(&connection, exchange, async |channel| {
                publish(channel, exchange, key, BasicProperties::default()).await
            })
            .await;
        }
        connection.close(200, "done".into()).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s35_5_consuming_is_refused() {
    on_stage(async |rig| {
        let connection = connect(rig).await;
        for queue in [
            shard_queue(0),
            "wt.dead".to_owned(),
            "wt.unrouted".to_owned(),
        ] {
            is_refused(&connection, &queue, async |channel| {
                channel
                    .basic_consume(
                        queue.as_str().into(),
                        "".into(),
                        BasicConsumeOptions::default(),
                        FieldTable::default(),
                    )
                    .await
                    .map(drop)
            })
            .await;
            is_refused(&connection, &queue, async |channel| {
                channel
                    .basic_get(queue.as_str().into(), BasicGetOptions::default())
                    .await
                    .map(drop)
            })
            .await;
        }
        connection.close(200, "done".into()).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s35_6_declaring_binding_purging_and_deleting_are_refused() {
    on_stage(async |rig| {
        let connection = connect(rig).await;
        let queue = shard_queue(0);
        let none = FieldTable::default;
        let durable = QueueDeclareOptions {
            durable: true,
            ..QueueDeclareOptions::default()
        };
        is_refused(&connection, "declare a queue", async |channel| {
            channel
                .queue_declare("mine".into(), durable, none())
                .await
                .map(drop)
        })
        .await;
        is_refused(&connection, "declare an exchange", async |channel| {
            let options = ExchangeDeclareOptions::default();
            channel
                .exchange_declare("mine".into(), ExchangeKind::Fanout, options, none())
                .await
        })
        .await;
        is_refused(&connection, "bind", async |channel| {
            let options = QueueBindOptions::default();
            channel
                .queue_bind(
                    queue.as_str().into(),
                    INGEST_EXCHANGE.into(),
                    "#".into(),
                    options,
                    none(),
                )
                .await
        })
        .await;
        is_refused(&connection, "purge", async |channel| {
            channel
                .queue_purge(queue.as_str().into(), QueuePurgeOptions::default())
                .await
                .map(drop)
        })
        .await;
        is_refused(&connection, "delete a queue", async |channel| {
            channel
                .queue_delete(queue.as_str().into(), QueueDeleteOptions::default())
                .await
                .map(drop)
        })
        .await;
        is_refused(&connection, "delete the exchange", async |channel| {
            channel
                .exchange_delete(INGEST_EXCHANGE.into(), ExchangeDeleteOptions::default())
                .await
        })
        .await;
        connection.close(200, "done".into()).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s35_7_a_forged_user_id_is_refused() {
    on_stage(async |rig| {
        let connection = connect(rig).await;
        let channel = connection.create_channel().await.unwrap();
        let forged = BasicProperties::default().with_user_id("wt-gateway".into());
        let key = &rig.reader(0).routing_key;
        let answer = publish(&channel, INGEST_EXCHANGE, key, forged).await;
        assert_eq!(refusal_code(answer), PRECONDITION_FAILED);
        connection.close(200, "done".into()).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s35_10_wrong_and_empty_passwords_guest_and_nobody_are_refused() {
    on_stage(async |rig| {
        let reader = rig.reader(0).key.as_str();
        for (user, password) in [
            (reader, "wrong"),
            (reader, ""),
            ("guest", "guest"),
            ("", ""),
            ("nobody", "x"),
        ] {
            let secret = Secret::new(password.to_owned());
            let address = BrokerAddress::new(&rig.stage.broker, user, secret).unwrap();
            assert!(
                address.connect("wardtrack test").await.is_err(),
                "{user:?} with {password:?}"
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s35_a_reader_of_one_virtual_host_cannot_enter_another() {
    on_stage(async |rig| {
        let mut broker = rig.stage.broker.clone();
        broker.vhost = "wardtrack".to_owned();
        let (reader, mut conn) = (rig.reader(0), rig.stage.db.conn().await.unwrap());
        let (secret, hash) = wardtrack::devices::register::insert_amqp_credential(
            &mut conn,
            reader.id,
            "a",
            rig.clock.now(),
        )
        .await
        .unwrap();
        let user = wardtrack::broker::topology::BrokerUser::for_reader(&reader.key, "a", hash);
        rig.stage.management.upsert_user(&user).await.unwrap();
        let other = BrokerAddress::new(&broker, &user.name, secret.clone()).unwrap();
        assert!(other.connect("wardtrack test").await.is_err());
        let own = BrokerAddress::new(&rig.stage.broker, &user.name, secret).unwrap();
        own.connect("wardtrack test")
            .await
            .unwrap()
            .close(200, "done".into())
            .await
            .unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s35_11_a_deleted_user_is_cut_off_within_two_seconds() {
    on_stage(async |rig| {
        let publisher = Publisher::connect(&rig.reader(0).address, "wardtrack test")
            .await
            .unwrap();
        assert!(publisher.is_usable());
        rig.stage
            .management
            .delete_user(&rig.reader(0).key)
            .await
            .unwrap();
        let deleted = Instant::now();
        wait_until("the connection is cut", SOON, async || {
            !publisher.is_usable()
        })
        .await;
        assert!(
            deleted.elapsed() <= Duration::from_secs(2),
            "{:?}",
            deleted.elapsed()
        );
        assert!(
            Publisher::connect(&rig.reader(0).address, "wardtrack test")
                .await
                .is_err()
        );
    })
    .await;
}
