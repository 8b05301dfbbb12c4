//! Secrets from the environment or from files, never from the command line (S-55).

use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};

/// Why a secret could not be had.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// Neither the variable nor its `_FILE` form is set.
    #[error(
        "{name} is not set: put the value in {name}, or the path of a file that holds it in {name}_FILE"
    )]
    Missing {
        /// Name of the variable.
        name: &'static str,
    },
    /// The file cannot be read.
    #[error("{name}_FILE names {path}, which cannot be read")]
    File {
        /// Name of the variable without `_FILE`.
        name: &'static str,
        /// The path it names.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Everybody on the machine may read the file.
    #[error(
        "{name}_FILE names {path}, which every user of this machine can read: run chmod 600 on it"
    )]
    WorldReadable {
        /// Name of the variable without `_FILE`.
        name: &'static str,
        /// The path it names.
        path: PathBuf,
    },
    /// The value is empty, too short or an example.
    #[error(
        "{name} {problem}: give it a value of its own, such as the output of: openssl rand -hex 32"
    )]
    Unfit {
        /// Name of the variable.
        name: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
}

/// A secret value; printing it shows `[hidden]`.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Wraps a value that was made here, such as a new reader's password.
    #[must_use]
    pub fn new(value: String) -> Self {
        Self(SecretString::from(value))
    }

    /// The value, for the one call that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Reads `name`, else the file named by `name_FILE`.
    ///
    /// # Errors
    /// When neither is set, the file cannot be read or is readable by everybody, or the value is empty or an example.
    pub fn from_env(name: &'static str) -> Result<Self, SecretError> {
        let value = match (env(name), env(&format!("{name}_FILE"))) {
            (Some(value), _) => value,
            (None, Some(path)) => read_file(name, PathBuf::from(path))?,
            (None, None) => return Err(SecretError::Missing { name }),
        };
        let value = value.trim().to_owned();
        if value.is_empty() {
            return Err(SecretError::Unfit {
                name,
                problem: "is empty",
            });
        }
        if [
            "changeme",
            "change-me",
            "secret",
            "password",
            "example",
            "guest",
        ]
        .contains(&value.to_lowercase().as_str())
        {
            return Err(SecretError::Unfit {
                name,
                problem: "is an example value",
            });
        }
        Ok(Self::new(value))
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[hidden]")
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "secrets must not be flags, so clap cannot read them"
)]
fn env(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn read_file(name: &'static str, path: PathBuf) -> Result<String, SecretError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // Files below /run/secrets are mounted by the container engine with modes that nobody can change.
        let mode = std::fs::metadata(&path).map(|meta| meta.permissions().mode());
        if mode.is_ok_and(|mode| mode & 0o004 != 0) && !path.starts_with("/run/secrets") {
            return Err(SecretError::WorldReadable { name, path });
        }
    }
    std::fs::read_to_string(&path).map_err(|source| SecretError::File { name, path, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s55_debug_of_a_secret_prints_hidden() {
        assert_eq!(
            format!("{:?}", Secret::new("hunter2".to_owned())),
            "[hidden]"
        );
    }

    #[cfg(unix)]
    #[test]
    fn s55_a_secret_file_that_everybody_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        std::fs::write(&path, "0123").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let refused = read_file("WARDTRACK_X", path.clone()).unwrap_err();
        assert!(
            matches!(refused, SecretError::WorldReadable { .. }),
            "{refused}"
        );
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(read_file("WARDTRACK_X", path).unwrap(), "0123");
    }
}
