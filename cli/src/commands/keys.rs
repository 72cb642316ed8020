//! `stadion keys`: keys for programs, and the keys of tokens.

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Context, block_on};
use crate::account::signed_in;
use crate::api::Api;
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

impl Signs {
    fn path(self) -> &'static str {
        match self {
            Signs::Tokens => "/v1/system/keys/rotate",
            Signs::Refresh => "/v1/system/keys/rotate-refresh",
            Signs::Artifacts => "/v1/system/keys/rotate-artifacts",
        }
    }
}

pub(crate) fn run(args: &Keys, context: &Context) -> Outcome {
    let ask = |method: Method, path: &str, body: Option<Value>| {
        block_on(async { api(context).await?.ask(method, path, body.as_ref()).await })
    };
    match &args.what {
        None | Some(What::List) => list(context, &ask(Method::GET, "/v1/keys", None)?),
        Some(What::Create { label, scopes, days }) => {
            let seconds = days.map(|days| days.saturating_mul(86_400));
            let body = json!({"label": label, "scopes": scopes, "expires_in_s": seconds});
            let made = ask(Method::POST, "/v1/keys", Some(body))?;
            context.out.value(&made);
            context.out.line(made["key"].as_str().unwrap_or_default());
            context.out.note("keep it: it is not shown again");
        }
        Some(What::Revoke { id }) => {
            ask(Method::DELETE, &format!("/v1/keys/{id}"), None)?;
            context.out.value(&json!({"revoked": id}));
            context.out.line(format!("{id} is revoked"));
        }
        Some(What::Rotate { of }) => {
            let rotated = ask(Method::POST, of.path(), None)?;
            context.out.value(&rotated);
            let until = rotated["previous_until"].as_str().unwrap_or_default();
            context.out.line(format!("changed; what the key before signed is good until {until}"));
        }
    }
    Ok(())
}

/// As the key that was named, else whoever is signed in here, else with the key that `serve` left.
async fn api(context: &Context) -> Outcome<Api> {
    match signed_in(context).await {
        Ok((_, api)) if !context.names_a_key() => Ok(api),
        _ => context.api(),
    }
}

fn list(context: &Context, listed: &Value) {
    let items = listed["items"].as_array().cloned().unwrap_or_default();
    items.iter().for_each(|item| context.out.value(item));
    let text = |item: &Value, key: &str| item[key].as_str().unwrap_or_default().to_owned();
    let scopes = |item: &Value| {
        let scopes = item["scopes"].as_array().cloned().unwrap_or_default();
        scopes.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(",")
    };
    let row = |item: &Value| {
        [text(item, "id"), text(item, "label"), scopes(item), text(item, "created_at"), text(item, "expires_at")]
    };
    context.out.table(["KEY", "LABEL", "SCOPES", "SINCE", "UNTIL"], &items.iter().map(row).collect::<Vec<_>>());
}
