//! The private servers, stopped and started by `scripts/servers`.

use std::process::Stdio;

use anyhow::Context;
use tokio::process::Command;

/// Which of the two.
#[derive(Clone, Copy, Debug)]
pub(super) enum Server {
    Postgres,
    Rabbitmq,
}

/// The command that rules them.
#[derive(Clone, Debug)]
pub(super) struct Servers {
    pub command: String,
    pub name: String,
}

impl Servers {
    /// Whether both run.
    pub async fn check(&self) -> anyhow::Result<()> {
        let status = self.run(&["status"], None).await.with_context(|| {
            format!(
                "there are no servers {:?}: run {} up {} first",
                self.name, self.command, self.name
            )
        })?;
        let running = status
            .lines()
            .filter(|line| line.contains(": runs"))
            .count();
        anyhow::ensure!(
            running >= 2,
            "the servers {:?} do not run: run {} up {}",
            self.name,
            self.command,
            self.name
        );
        Ok(())
    }

    pub async fn stop(&self, server: Server) -> anyhow::Result<()> {
        self.run(&["stop"], Some(server)).await.map(drop)
    }

    pub async fn start(&self, server: Server) -> anyhow::Result<()> {
        self.run(&["start"], Some(server)).await.map(drop)
    }

    pub async fn restart(&self, server: Server) -> anyhow::Result<()> {
        self.run(&["restart"], Some(server)).await.map(drop)
    }

    async fn run(&self, verb: &[&str], server: Option<Server>) -> anyhow::Result<String> {
        let mut command = Command::new(&self.command);
        command.args(verb).arg(&self.name);
        if let Some(server) = server {
            command.arg(match server {
                Server::Postgres => "postgres",
                Server::Rabbitmq => "rabbitmq",
            });
        }
        // A group of its own: Ctrl-C in the terminal must not cut it off between stop and start.
        let output = command
            .stdin(Stdio::null())
            .process_group(0)
            .output()
            .await
            .with_context(|| format!("running {}", self.command))?;
        anyhow::ensure!(
            output.status.success(),
            "{} {} failed: {}",
            self.command,
            verb.join(" "),
            String::from_utf8_lossy(&output.stderr).trim()
        );
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}
