//! `stadion keys`: keys for programs, and the keys of tokens.

use clap::{Args, Subcommand};
use serde_json::json;

use super::{Context, block_on};
use crate::account::signed_in;
use crate::api::{Api, Key, NewKey};
use crate::failure::Outcome;

/// Makes, lists and revokes API keys; changes the keys of tokens.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stadion keys                               lists them
  stadion keys create backend --scope players --days 365
  stadion keys create ci --scope publish --scope matches
  stadion keys revoke 5f1c0ad2b6e94c1d
  stadion keys rotate --key dev-...         new keys for tokens, with the key in operator.key; nobody is signed out
  stadion keys rotate refresh --key dev-...    a new key for refresh tokens; artifacts: for compiled games

Scopes: publish (games and versions), players (join tokens for players of one's own accounts), matches (of one's own games).
A key is shown once. `operator.key` lies in the server's data folder.")]
pub(crate) struct Keys {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Lists keys, without their texts.
    List,
    /// Makes a key and shows it, this once.
    Create {
        /// What you call it.
        label: String,
        /// What it may do; may be given several times.
        #[arg(long = "scope", required = true)]
        scopes: Vec<String>,
        /// Days that it is good [default: until it is revoked].
        #[arg(long)]
        days: Option<u64>,
    },
    /// Revokes a key.
    Revoke {
        /// As `stadion keys` names it.
        id: String,
    },
    /// Changes keys that the server signs with (for operators). Nobody is signed out, and no game stops.
    Rotate {
        /// Which.
        #[arg(value_enum, default_value_t)]
        of: Signs,
    },
}

/// What the server signs.
#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum Signs {
    /// Access tokens and join tokens.
    #[default]
    Tokens,
    /// Refresh tokens.
    Refresh,
    /// Compiled games.
    Artifacts,
}

pub(crate) fn run(args: &Keys, context: &Context) -> Outcome {
    match &args.what {
        None | Some(What::List) => list(context, &block_on(async { Ok(api(context).await?.keys().await?) })?),
        Some(What::Create { label, scopes, days }) => {
            let expires_in_s = days.map(|days| days.saturating_mul(86_400));
            let wanted = NewKey { label, scopes, expires_in_s };
            let made = block_on(async { Ok(api(context).await?.create_key(&wanted).await?) })?;
            context.out.value(&made);
            context.out.line(&made.key);
            context.out.note("keep it: it is not shown again");
        }
        Some(What::Revoke { id }) => {
            block_on(async { Ok(api(context).await?.revoke_key(id).await?) })?;
            context.out.value(&json!({"revoked": id}));
            context.out.line(format!("{id} is revoked"));
        }
        Some(What::Rotate { of }) => {
            let until = block_on(rotate(*of, context))?;
            context.out.line(format!("changed; what the key before signed is good until {until}"));
        }
    }
    Ok(())
}

/// Until when what the key before signed is good.
async fn rotate(of: Signs, context: &Context) -> Outcome<String> {
    let api = api(context).await?;
    let rotated = match of {
        Signs::Tokens => {
            let rotated = api.rotate_keys().await?;
            context.out.value(&rotated);
            return Ok(rotated.previous_until);
        }
        Signs::Refresh => api.rotate_refresh_key().await?,
        Signs::Artifacts => api.rotate_artifact_key().await?,
    };
    context.out.value(&rotated);
    Ok(rotated.previous_until)
}

/// As the key that was named, else whoever is signed in here, else with the key that `serve` left.
async fn api(context: &Context) -> Outcome<Api> {
    match signed_in(context).await {
        Ok((_, api)) if !context.names_a_key() => Ok(api),
        _ => context.api(),
    }
}

fn list(context: &Context, keys: &[Key]) {
    keys.iter().for_each(|key| context.out.value(key));
    let row = |key: &Key| {
        let until = key.expires_at.clone().unwrap_or_default();
        [key.id.clone(), key.label.clone(), key.scopes.join(","), key.created_at.clone(), until]
    };
    context.out.table(["KEY", "LABEL", "SCOPES", "SINCE", "UNTIL"], &keys.iter().map(row).collect::<Vec<_>>());
}
