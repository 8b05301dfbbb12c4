//! RabbitMQ's management API: virtual hosts, objects, users and rights. Used by `topology apply`, the registration of readers,
//! the status page and the tests; never on the path of a sighting.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::topology::{BrokerUser, INGEST_EXCHANGE};
use crate::config::Secret;
use crate::config::broker::ManagementArgs;
use crate::config::secret::SecretError;

/// Why a call of the management API failed.
#[derive(Debug, thiserror::Error)]
pub enum ManagementError {
    /// The password is missing or unfit.
    #[error("reading the password of RabbitMQ's administrator")]
    Secret(#[from] SecretError),
    /// No answer.
    #[error("reaching RabbitMQ's management API at {url} (is the management plugin on?)")]
    Http {
        /// The address.
        url: String,
        /// The cause.
        #[source]
        source: reqwest::Error,
    },
    /// It refused.
    #[error("RabbitMQ refused {method} {path}: {status} {reason}")]
    Refused {
        /// Method of the call.
        method: Method,
        /// Path of the call.
        path: String,
        /// Status of the answer.
        status: StatusCode,
        /// What the broker said.
        reason: String,
    },
}

/// A queue as the management API describes it.
#[derive(Clone, Debug, Deserialize)]
pub struct QueueFacts {
    /// Name.
    pub name: String,
    /// Messages waiting or unacknowledged.
    #[serde(default)]
    pub messages: u64,
    /// Messages delivered and not yet acknowledged.
    #[serde(default)]
    pub messages_unacknowledged: u64,
}

/// A client of the management API for one virtual host.
#[derive(Clone, Debug)]
pub struct Management {
    http: reqwest::Client,
    url: String,
    user: String,
    password: Secret,
    vhost: String,
}

impl Management {
    /// A client as the configured administrator.
    ///
    /// # Errors
    /// When the password is missing.
    pub fn new(args: &ManagementArgs, vhost: &str) -> Result<Self, ManagementError> {
        let url = args.management_url.trim_end_matches('/').to_owned();
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(10))
            .build()
            .map_err(|source| ManagementError::Http {
                url: url.clone(),
                source,
            })?;
        Ok(Self {
            http,
            url,
            user: args.broker_admin_user.clone(),
            password: args.password()?,
            vhost: vhost.to_owned(),
        })
    }

    /// The administrator, who may do anything in the virtual host.
    #[must_use]
    pub fn admin(&self) -> (&str, &Secret) {
        (&self.user, &self.password)
    }

    /// Makes the virtual host and gives the administrator every right in it.
    ///
    /// # Errors
    /// See [`ManagementError`].
    pub async fn create_vhost(&self) -> Result<(), ManagementError> {
        self.call(
            Method::PUT,
            format!("vhosts/{}", part(&self.vhost)),
            Some(&json!({})),
        )
        .await?;
        let all = json!({"configure": ".*", "write": ".*", "read": ".*"});
        self.put_in_vhost("permissions", &self.user, &all).await
    }

    /// Deletes the virtual host with everything in it.
    ///
    /// # Errors
    /// See [`ManagementError`].
    pub async fn delete_vhost(&self) -> Result<(), ManagementError> {
        self.call(
            Method::DELETE,
            format!("vhosts/{}", part(&self.vhost)),
            None,
        )
        .await
        .map(drop)
    }

    /// Declares an object of the virtual host.
    ///
    /// # Errors
    /// See [`ManagementError`].
    pub async fn put_in_vhost(
        &self,
        kind: &str,
        name: &str,
        body: &Value,
    ) -> Result<(), ManagementError> {
        self.call(
            Method::PUT,
            format!("{kind}/{}/{}", part(&self.vhost), part(name)),
            Some(body),
        )
        .await
        .map(drop)
    }

    /// Binds a queue to an exchange; a binding that is there already stays.
    ///
    /// # Errors
    /// See [`ManagementError`].
    pub async fn bind(
        &self,
        exchange: &str,
        queue: &str,
        key: &str,
    ) -> Result<(), ManagementError> {
        let path = format!(
            "bindings/{}/e/{}/q/{}",
            part(&self.vhost),
            part(exchange),
            part(queue)
        );
        self.call(
            Method::POST,
            path,
            Some(&json!({"routing_key": key, "arguments": {}})),
        )
        .await
        .map(drop)
    }

    /// Makes a user or sets its password and rights anew.
    ///
    /// # Errors
    /// See [`ManagementError`].
    pub async fn upsert_user(&self, user: &BrokerUser) -> Result<(), ManagementError> {
        let body = json!({"password_hash": STANDARD.encode(&user.password_hash),
                          "hashing_algorithm": "rabbit_password_hashing_sha256", "tags": ""});
        self.call(
            Method::PUT,
            format!("users/{}", part(&user.name)),
            Some(&body),
        )
        .await?;
        let [configure, write, read] = &user.permissions;
        let rights = json!({"configure": configure, "write": write, "read": read});
        self.put_in_vhost("permissions", &user.name, &rights)
            .await?;
        if let Some(write) = &user.topic_write {
            let topic = json!({"exchange": INGEST_EXCHANGE, "write": write, "read": "^$"});
            self.put_in_vhost("topic-permissions", &user.name, &topic)
                .await?;
        }
        if user.is_limited {
            for (limit, value) in [("max-connections", 3), ("max-channels", 6)] {
                let path = format!("user-limits/{}/{limit}", part(&user.name));
                self.call(Method::PUT, path, Some(&json!({"value": value})))
                    .await?;
            }
        }
        Ok(())
    }

    /// Deletes a user, which cuts its connections at once; false when there was none.
    ///
    /// # Errors
    /// See [`ManagementError`].
    pub async fn delete_user(&self, name: &str) -> Result<bool, ManagementError> {
        match self
            .call(Method::DELETE, format!("users/{}", part(name)), None)
            .await
        {
            Ok(_) => Ok(true),
            Err(ManagementError::Refused {
                status: StatusCode::NOT_FOUND,
                ..
            }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The queues of the virtual host. Counts are refreshed by the broker every five seconds.
    ///
    /// # Errors
    /// See [`ManagementError`].
    pub async fn list_queues(&self) -> Result<Vec<QueueFacts>, ManagementError> {
        let value = self
            .call(Method::GET, format!("queues/{}", part(&self.vhost)), None)
            .await?;
        Ok(serde_json::from_value(value).unwrap_or_default())
    }

    /// What a path of the API says, such as `nodes`.
    ///
    /// # Errors
    /// See [`ManagementError`].
    pub async fn find_facts(&self, path: &str) -> Result<Value, ManagementError> {
        self.call(Method::GET, path.to_owned(), None).await
    }

    /// Version of the broker.
    ///
    /// # Errors
    /// See [`ManagementError`].
    pub async fn broker_version(&self) -> Result<String, ManagementError> {
        let value = self.call(Method::GET, "overview".to_owned(), None).await?;
        Ok(value
            .get("rabbitmq_version")
            .and_then(Value::as_str)
            .unwrap_or("unknown")
            .to_owned())
    }

    async fn call(
        &self,
        method: Method,
        path: String,
        body: Option<&Value>,
    ) -> Result<Value, ManagementError> {
        let url = format!("{}/api/{path}", self.url);
        let failed = |source| ManagementError::Http {
            url: self.url.clone(),
            source,
        };
        let mut request = self
            .http
            .request(method.clone(), url)
            .basic_auth(&self.user, Some(self.password.expose()));
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.map_err(failed)?;
        let status = answer.status();
        let text = answer.text().await.map_err(failed)?;
        if status.is_success() {
            return Ok(serde_json::from_str(&text).unwrap_or(Value::Null));
        }
        let reason = serde_json::from_str::<Value>(&text)
            .ok()
            .and_then(|value| {
                value
                    .get("reason")
                    .and_then(Value::as_str)
                    .map(str::to_owned)
            })
            .unwrap_or(text);
        Err(ManagementError::Refused {
            method,
            path,
            status,
            reason,
        })
    }
}

fn part(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}
