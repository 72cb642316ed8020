//! Who plays at this terminal: an account that was registered or signed in here, kept in the configuration folder.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::api::{self, Api, SignedIn};
use crate::commands::Context;
use crate::config::{self, Target};
use crate::failure::{Failure, Kind, Outcome};

/// The file in the configuration folder; readable by its owner alone.
const FILE: &str = "player.json";

/// An account with its newest tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Account {
    /// Of which server: tokens go there alone.
    pub(crate) server: String,
    /// Account id.
    pub(crate) id: String,
    /// What it signs in with.
    pub(crate) name: String,
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
}

impl Account {
    /// Keeps a sign-in.
    pub(crate) fn keep(server: &str, signed_in: SignedIn) -> Outcome<Account> {
        let SignedIn { player, access_token, refresh_token, .. } = signed_in;
        let server = server.to_owned();
        let account = Account { server, id: player.id, name: player.name, access_token, refresh_token };
        let path = path()?;
        let text = serde_json::to_vec_pretty(&account).map_err(|error| Failure::failed(error.to_string()))?;
        config::write_private(&path, &text).map_err(|error| Failure::file("writing", &path, &error))?;
        Ok(account)
    }

    /// The account of a server, if one signed in here.
    fn load(server: &str) -> Outcome<Account> {
        let nobody = || {
            Failure::new(Kind::Refused, format!("nobody is signed in to {server} here"))
                .fix("`stadion account register NAME`, or `stadion account sign-in NAME`")
        };
        let path = path()?;
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(nobody()),
            Err(error) => return Err(Failure::file("reading", &path, &error)),
        };
        let account: Account = serde_json::from_slice(&text).map_err(|error| {
            Failure::usage(format!("{} does not read: {error}", path.display())).fix("delete it and sign in again")
        })?;
        if account.server == server { Ok(account) } else { Err(nobody()) }
    }

    /// Forgets whoever is signed in.
    pub(crate) fn forget() -> Outcome {
        let path = path()?;
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Failure::file("removing", &path, &error)),
            _ => Ok(()),
        }
    }

    /// The API as this account.
    pub(crate) fn api(&self) -> Outcome<Api> {
        api::connect(&Target { server: self.server.clone(), key: Some(self.access_token.clone()) })
    }
}

/// Whoever is signed in, with a token that is good now.
pub(crate) async fn signed_in(context: &Context) -> Outcome<(Account, Api)> {
    let account = Account::load(&context.target()?.server)?;
    let api = account.api()?;
    match api.whoami().await.map_err(Failure::from) {
        Ok(_) => Ok((account, api)),
        Err(failure) if failure.kind == Kind::Refused => {
            let nobody = api::connect(&Target { server: account.server.clone(), key: None })?;
            let account = Account::keep(&account.server, nobody.refresh(&account.refresh_token).await?)?;
            let api = account.api()?;
            Ok((account, api))
        }
        Err(failure) => Err(failure),
    }
}

fn path() -> Outcome<PathBuf> {
    let folder = config::folder(config::env).ok_or_else(|| {
        Failure::usage("there is no folder for the user's configuration").fix("name one with STADION_CONFIG_DIR")
    })?;
    Ok(folder.join(FILE))
}
