//! `wardtrack admin`: accounts, equipment, floor plans and synonyms, from the server's own command line.

use std::io::{BufRead, IsTerminal};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args as ClapArgs, Subcommand};

use super::{import_assets, import_supplies, plan, synonyms};
use crate::clock::Clock;
use crate::config::{DbArgs, WebArgs};
use crate::db::Db;
use crate::db::types::Role;
use crate::people::accounts::{self, Disabling};
use crate::people::model::{NewUser, SignInName, User};
use crate::people::{password, store};
use crate::web::site::Site;

/// Arguments of `wardtrack admin`.
#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    db: DbArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Accounts of people.
    User {
        #[command(subcommand)]
        action: UserAction,
    },
    /// Take the plan of a floor from a GeoJSON file; the plan that was there is replaced.
    ImportPlan(plan::ImportArgs),
    /// Write the plan of a floor as GeoJSON to a file or to standard output.
    ExportPlan(plan::ExportArgs),
    /// Take equipment from a CSV file into the register.
    ImportAssets(import_assets::ImportArgs),
    /// Take items, places of stock and their rules from a CSV file.
    ImportSupplies(import_supplies::ImportArgs),
    /// Words that people use for equipment: brands, slang, abbreviations and other names.
    Synonyms {
        #[command(subcommand)]
        action: synonyms::SynonymAction,
    },
    /// Print a link that makes the first administrator: once, within one hour, while there is none.
    SetupLink {
        #[command(flatten)]
        web: WebArgs,
    },
}

#[derive(Debug, Subcommand)]
enum UserAction {
    /// Add an account; its password comes from a file or from standard input.
    Add {
        /// What the person signs in with: small letters, digits, dots, hyphens, underscores.
        name: String,
        /// What the person may do.
        #[arg(long, value_parser = parse_role)]
        role: Role,
        /// What others read; the sign-in name when left out.
        #[arg(long, value_name = "NAME")]
        display_name: Option<String>,
        /// The unit the person works in.
        #[arg(long, value_name = "NAME")]
        unit: Option<String>,
        /// File whose first line is the password.
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
        /// Do nothing, and say so, when the account exists.
        #[arg(long)]
        if_missing: bool,
    },
    /// List accounts.
    List,
    /// Set a new password, end the person's sessions and forget wrong tries.
    Password {
        /// Sign-in name.
        name: String,
        /// File whose first line is the password.
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
    /// Disable an account and end its sessions.
    Disable {
        /// Sign-in name.
        name: String,
    },
}

/// Runs the command.
///
/// # Errors
/// Says what is missing or wrong.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let db = Db::new(&args.db, &args.db.url()?, "wardtrack admin")?;
    match args.action {
        Action::SetupLink { web } => print_setup_link(&db, &web).await,
        Action::User { action } => change_users(&db, action).await,
        Action::ImportAssets(args) => import_assets::import(&db, &args).await,
        Action::ImportSupplies(args) => import_supplies::import(&db, &args).await,
        Action::Synonyms { action } => synonyms::run(&db, action).await,
        Action::ImportPlan(args) => plan::import(&db, &args).await,
        Action::ExportPlan(args) => plan::export(&db, &args).await,
    }
}

async fn print_setup_link(db: &Db, web: &WebArgs) -> anyhow::Result<()> {
    let site = Site::new(web, web.bind)?;
    let link = accounts::make_setup_link(db, Clock::system().now())
        .await?
        .context("there is an administrator already, who can add accounts: no link is made")?;
    super::serve::print_setup_link(&site.origin, link.expose());
    Ok(())
}

async fn change_users(db: &Db, action: UserAction) -> anyhow::Result<()> {
    match action {
        UserAction::Add {
            name,
            role,
            display_name,
            unit,
            password_file,
            if_missing,
        } => {
            let name = parse_name(&name)?;
            if find_user(db, &name).await?.is_some() {
                anyhow::ensure!(if_missing, "there is an account {name} already");
                println!("the account {name} exists already; nothing was changed");
                return Ok(());
            }
            let display_name = display_name.unwrap_or_else(|| name.to_string());
            let home_unit_id = match &unit {
                Some(unit) => Some(
                    store::find_unit(&*db.conn().await?, unit)
                        .await?
                        .with_context(|| format!("there is no unit {unit:?}"))?,
                ),
                None => None,
            };
            let hash = new_hash(db, password_file.as_deref(), &name, &display_name).await?;
            let user = NewUser {
                sign_in_name: &name,
                display_name: display_name.trim(),
                role,
                home_unit_id,
            };
            let added = accounts::add_user(db, &user, &hash, Clock::system().now()).await?;
            anyhow::ensure!(added.is_some(), "there is an account {name} already");
            println!("added {name} ({})", role.as_str());
        }
        UserAction::List => {
            for user in store::list_users(&*db.conn().await?, 10_000).await? {
                let state = if user.disabled_at.is_some() {
                    "disabled"
                } else {
                    "active"
                };
                println!(
                    "{}\t{}\t{state}\t{}",
                    user.sign_in_name,
                    user.role.as_str(),
                    user.display_name
                );
            }
        }
        UserAction::Password {
            name,
            password_file,
        } => {
            let name = parse_name(&name)?;
            let user = require_user(db, &name).await?;
            let hash = new_hash(db, password_file.as_deref(), &name, &user.display_name).await?;
            accounts::set_password(db, &user, &hash, Clock::system().now()).await?;
            println!("{name} has a new password; running sessions have ended");
        }
        UserAction::Disable { name } => {
            let name = parse_name(&name)?;
            let user = require_user(db, &name).await?;
            match accounts::disable_user(db, &user, Clock::system().now()).await? {
                Disabling::Done => println!("{name} is disabled; running sessions have ended"),
                Disabling::LastAdmin => anyhow::bail!(
                    "{name} is the last administrator: add another one before disabling this one"
                ),
            }
        }
    }
    Ok(())
}

fn parse_role(text: &str) -> Result<Role, String> {
    Role::from_text(text).ok_or_else(|| {
        let roles: Vec<&str> = Role::ALL.iter().map(|role| role.as_str()).collect();
        format!("the role is one of {}", roles.join(", "))
    })
}

fn parse_name(text: &str) -> anyhow::Result<SignInName> {
    SignInName::parse(text).with_context(|| {
        format!(
            "{text:?} is no sign-in name: use 1 to 64 small letters, digits, dots, hyphens and underscores, \
             beginning with a letter or digit"
        )
    })
}

async fn find_user(db: &Db, name: &SignInName) -> anyhow::Result<Option<User>> {
    Ok(store::find_user(&*db.conn().await?, name).await?)
}

async fn require_user(db: &Db, name: &SignInName) -> anyhow::Result<User> {
    find_user(db, name)
        .await?
        .with_context(|| format!("there is no account {name}"))
}

/// Reads a new password, checks it and hashes it.
async fn new_hash(
    db: &Db,
    file: Option<&Path>,
    name: &SignInName,
    display_name: &str,
) -> anyhow::Result<String> {
    let password = read_password(file)?;
    accounts::check_password(db, &password, name.as_str(), display_name).await??;
    Ok(password::hash(&password)?)
}

/// The first line of the file, or of standard input: never an argument, which others on the machine can read (S-55).
fn read_password(file: Option<&Path>) -> anyhow::Result<String> {
    let mut line = String::new();
    if let Some(path) = file {
        let file = std::fs::File::open(path)
            .with_context(|| format!("opening the password file {}", path.display()))?;
        std::io::BufReader::new(file).read_line(&mut line)
    } else {
        let stdin = std::io::stdin();
        if stdin.is_terminal() {
            eprintln!(
                "type the password and press Enter (it is shown; --password-file avoids that):"
            );
        }
        stdin.lock().read_line(&mut line)
    }
    .context("reading the password")?;
    let password = line.trim_end_matches(['\r', '\n']);
    anyhow::ensure!(!password.is_empty(), "the password is empty");
    Ok(password.to_owned())
}
