//! What the pages know of the rest of the system: the broker's queues for the status page, and the conditions of `/ready`.

use std::sync::Arc;
use std::time::Duration;

use crate::app::App;
use crate::broker::Management;
use crate::devices::broker_facts::{BrokerFacts, BrokerFactsSource, QueueFacts};
use crate::devices::model::LiveState;
use crate::devices::store;
use crate::lifecycle::Lifecycle;

/// How often the conditions are looked at.
const EVERY: Duration = Duration::from_secs(5);

/// Asks the management API about the queues.
pub fn broker_facts(management: Management) -> BrokerFactsSource {
    BrokerFactsSource::new(move || {
        let management = management.clone();
        Box::pin(async move {
            let asked =
                async { tokio::try_join!(management.broker_version(), management.list_queues()) };
            match tokio::time::timeout(Duration::from_secs(3), asked).await {
                Ok(Ok((version, queues))) => BrokerFacts {
                    reachable: true,
                    version: Some(version),
                    queues: queues
                        .into_iter()
                        .map(|queue| QueueFacts {
                            name: queue.name,
                            messages: queue.messages,
                            unacked: queue.messages_unacknowledged,
                        })
                        .collect(),
                },
                Ok(Err(error)) => {
                    tracing::debug!(
                        error = format!("{error:#}"),
                        "the broker could not be asked"
                    );
                    BrokerFacts::default()
                }
                Err(_) => BrokerFacts::default(),
            }
        })
    })
}

/// Keeps the conditions of `/ready` up to date until the soft token.
///
/// # Errors
/// Never: what fails is a condition.
pub async fn watch(app: Arc<App>, life: Lifecycle) -> anyhow::Result<()> {
    let broker = app.checks.register("broker", "not asked yet");
    let consumer = app.checks.register("consumer", "not looked at yet");
    while !life.is_stopping() {
        match &app.broker_facts {
            Some(source) if !source.ask().await.reachable => {
                broker.fail("RabbitMQ's management API does not answer");
            }
            _ if app
                .gateway
                .as_ref()
                .is_some_and(|gateway| !gateway.is_healthy()) =>
            {
                broker.fail("the last message by HTTP could not be handed to RabbitMQ");
            }
            _ => broker.pass(),
        }
        let state = match app.db.conn().await {
            Ok(conn) => store::find_live_state(&conn, app.clock.now()).await.ok(),
            Err(_) => None,
        };
        match state {
            Some(LiveState::Live { .. }) => consumer.pass(),
            Some(_) => consumer.fail("sightings are not being processed, or more than 60 s late"),
            None => consumer.fail("the database does not answer"),
        }
        tokio::select! { () = tokio::time::sleep(EVERY) => {}, () = life.soft().cancelled() => {} }
    }
    Ok(())
}
