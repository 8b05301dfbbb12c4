//! A virtual host per test, with the topology and the roles' users.

use wardtrack::broker::topology::{BrokerUser, SHARD_BYTES_MAX, Topology};
use wardtrack::broker::{BrokerAddress, Management};
use wardtrack::config::BrokerArgs;
use wardtrack::config::broker::{BrokerRole, ManagementArgs};

use super::database::rand_number;

fn setting(name: &str, default: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| default.to_owned())
}

/// A virtual host of its own, deleted at the end, with reader users that were made for it.
#[derive(Debug)]
pub struct TestBroker {
    /// Where it is.
    pub args: BrokerArgs,
    /// Its administrator.
    pub management: Management,
    users: std::sync::Mutex<Vec<String>>,
}

impl TestBroker {
    /// A virtual host with the topology of one shard.
    pub async fn new() -> Self {
        let args = BrokerArgs {
            amqp_addr: setting("WARDTRACK_AMQP_ADDR", "127.0.0.1:5672"),
            vhost: format!("wtt-{}-{:016x}", std::process::id(), rand_number()),
            shards: 1,
        };
        let management_args = ManagementArgs {
            management_url: setting("WARDTRACK_MANAGEMENT_URL", "http://127.0.0.1:15672"),
            broker_admin_user: setting("WARDTRACK_BROKER_ADMIN_USER", "wt-admin"),
        };
        let management = Management::new(&management_args, &args.vhost).unwrap();
        let broker = Self {
            args,
            management,
            users: std::sync::Mutex::default(),
        };
        Self::topology().apply(&broker.management).await.unwrap();
        broker
    }

    /// The definition that was applied.
    fn topology() -> Topology {
        let users = BrokerRole::ALL
            .iter()
            .map(|role| BrokerUser::for_role(*role, &role.password().unwrap()));
        Topology {
            shards: 1,
            shard_bytes_max: SHARD_BYTES_MAX,
            replay_bytes_max: None,
            reader_keys: vec![],
            users: users.collect(),
        }
    }

    /// Sign-in of a role.
    pub fn role(&self, role: BrokerRole) -> BrokerAddress {
        BrokerAddress::for_role(&self.args, role).unwrap()
    }

    /// Remembers a user to delete at the end; users belong to the server, not to the virtual host.
    pub fn owns_user(&self, name: &str) {
        self.users.lock().unwrap().push(name.to_owned());
    }
}

impl Drop for TestBroker {
    fn drop(&mut self) {
        let (management, users) = (
            self.management.clone(),
            std::mem::take(&mut *self.users.lock().unwrap()),
        );
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(async {
                for user in users {
                    management
                        .delete_user(&user)
                        .await
                        .map_err(std::io::Error::other)?;
                }
                management
                    .delete_vhost()
                    .await
                    .map_err(std::io::Error::other)
            })
        })
        .join();
        if let Ok(Err(error)) = dropped {
            eprintln!("the virtual host {} stays: {error}", self.args.vhost);
        }
    }
}
