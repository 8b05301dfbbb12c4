//! Runs the real program as a child process and starts it again when it has ended, as a service manager would.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::stage::Stage;

/// Pause before it is started again.
const BACK_OFF: Duration = Duration::from_secs(1);
/// After this long a process that was asked to end is killed.
const END_MAX: Duration = Duration::from_secs(30);

/// How a process ended that was asked to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ended {
    pub after: Duration,
    pub code: Option<i32>,
}

enum Order {
    Kill(oneshot::Sender<()>),
    Terminate {
        ended: oneshot::Sender<Ended>,
        starts_again: bool,
    },
}

/// A consumer that always comes back.
pub(super) struct Supervisor {
    orders: mpsc::Sender<Order>,
    task: JoinHandle<anyhow::Result<()>>,
    unasked: Arc<Mutex<Vec<String>>>,
}

impl Supervisor {
    /// Starts `wardtrack consume` on a stage; what it logs goes to `log`.
    pub fn start(stage: &Stage, log: PathBuf) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("finding this program")?;
        let environment: Vec<(String, String)> = stage
            .environment()
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let spawn = move || -> anyhow::Result<Child> {
            let log = std::fs::File::options()
                .create(true)
                .append(true)
                .open(&log)?;
            let mut command = Command::new(&program);
            command
                .args(["--log", "info", "consume", "--history", "full"])
                .envs(environment.iter().map(|(name, value)| (name, value)))
                .env_remove("WARDTRACK_DATABASE_URL_FILE")
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(log)
                // Ctrl-C is for the one who runs the rounds; it ends this one in good order.
                .process_group(0)
                .kill_on_drop(true);
            command.spawn().context("starting the consumer")
        };
        let (orders, received) = mpsc::channel(4);
        let unasked = Arc::new(Mutex::new(Vec::new()));
        let task = tokio::spawn(supervise(spawn, received, Arc::clone(&unasked)));
        Ok(Self {
            orders,
            task,
            unasked,
        })
    }

    /// SIGKILL.
    pub async fn kill(&self) -> anyhow::Result<()> {
        let (done, killed) = oneshot::channel();
        self.orders.send(Order::Kill(done)).await.ok();
        killed.await.context("the supervisor has ended")
    }

    /// SIGTERM; it is started again afterwards.
    pub async fn terminate(&self) -> anyhow::Result<Ended> {
        self.order_end(true).await
    }

    /// SIGTERM, and the end.
    pub async fn finish(self) -> anyhow::Result<Ended> {
        let ended = self.order_end(false).await?;
        self.task.await.context("the supervisor has failed")??;
        Ok(ended)
    }

    async fn order_end(&self, starts_again: bool) -> anyhow::Result<Ended> {
        let (done, ended) = oneshot::channel();
        let order = Order::Terminate {
            ended: done,
            starts_again,
        };
        self.orders.send(order).await.ok();
        ended.await.context("the supervisor has ended")
    }

    /// Ends that nobody asked for.
    pub fn unasked_ends(&self) -> Vec<String> {
        self.unasked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

async fn supervise(
    spawn: impl Fn() -> anyhow::Result<Child>,
    mut orders: mpsc::Receiver<Order>,
    unasked: Arc<Mutex<Vec<String>>>,
) -> anyhow::Result<()> {
    loop {
        let mut child = spawn()?;
        tokio::select! {
            status = child.wait() => {
                let status = status.context("waiting for the consumer")?;
                unasked.lock().unwrap_or_else(PoisonError::into_inner).push(status.to_string());
            }
            order = orders.recv() => match order {
                None => {
                    child.kill().await.ok();
                    return Ok(());
                }
                Some(Order::Kill(done)) => {
                    child.kill().await.context("killing the consumer")?;
                    done.send(()).ok();
                }
                Some(Order::Terminate { ended, starts_again }) => {
                    let how = end(&mut child).await?;
                    ended.send(how).ok();
                    if !starts_again {
                        return Ok(());
                    }
                }
            }
        }
        tokio::time::sleep(BACK_OFF).await;
    }
}

async fn end(child: &mut Child) -> anyhow::Result<Ended> {
    let begun = Instant::now();
    let pid = child.id().context("the consumer has ended already")?;
    // The standard library can only kill; asking takes the system's own command.
    Command::new("kill")
        .args(["-TERM", &pid.to_string()])
        .status()
        .await
        .context("running kill")?;
    let code = if let Ok(status) = tokio::time::timeout(END_MAX, child.wait()).await {
        status.context("waiting for the consumer")?.code()
    } else {
        child.kill().await.ok();
        None
    };
    Ok(Ended {
        after: begun.elapsed(),
        code,
    })
}
