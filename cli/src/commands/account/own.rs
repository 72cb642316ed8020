//! What becomes of one's own account: sign-ins, password, export, deletion; and of others' roles, for operators.

use clap::Subcommand;
use reqwest::Method;
use serde_json::{Value, json};

use super::super::{Context, block_on};
use super::second_factor::{self, SecondFactor};
use super::{another_password, password};
use crate::account::{Account, signed_in};
use crate::failure::Outcome;

#[derive(Debug, Subcommand)]
pub(super) enum Own {
    /// Lists sign-ins.
    Sessions,
    /// Ends one of them.
    EndSession {
        /// As `stadion account sessions` names it.
        id: String,
    },
    /// Changes the password: the present one, then the new one, each asked for or a line of stdin.
    Password,
    /// The second factor: whether there is one, or what becomes of it.
    SecondFactor {
        #[command(subcommand)]
        what: Option<SecondFactor>,
    },
    /// Lets go of an identity of a provider, where there is another way into the account.
    Unlink {
        /// The provider's name.
        provider: String,
    },
    /// Writes everything that is kept about the account, as JSON.
    Export,
    /// Deletes the account. It cannot be undone.
    Delete {
        /// The account's id, as `stadion account export` says it.
        confirm: String,
    },
    /// Gives an account a role (for operators, with --key).
    Role {
        /// The account's id.
        id: String,
        /// player, developer or operator.
        role: String,
    },
}

pub(super) fn run(own: &Own, context: &Context) -> Outcome {
    match own {
        Own::Sessions => sessions(context, &ask(context, Method::GET, "/v1/sessions", None)?),
        Own::EndSession { id } => {
            ask(context, Method::DELETE, &format!("/v1/sessions/{id}"), None)?;
            done(context, "ended");
        }
        Own::Password => {
            let current = password()?;
            context.out.note("now the new one");
            let body = json!({"current_password": current, "new_password": another_password()?});
            ask(context, Method::PUT, "/v1/me/password", Some(&body))?;
            done(context, "changed");
        }
        Own::SecondFactor { what } => second_factor::run(what.as_ref(), context)?,
        Own::Unlink { provider } => {
            ask(context, Method::DELETE, &format!("/v1/me/identities/{provider}"), None)?;
            done(context, "unlinked");
        }
        Own::Export => {
            let export = ask(context, Method::GET, "/v1/me/export", None)?;
            context.out.raw(&format!("{export:#}\n"));
        }
        Own::Delete { confirm } => {
            let body = json!({"confirm": confirm, "password": password()?});
            ask(context, Method::POST, "/v1/me/delete", Some(&body))?;
            Account::forget()?;
            done(context, "deleted");
        }
        Own::Role { id, role } => {
            let path = format!("/v1/accounts/{id}/role");
            block_on(context.api()?.ask(Method::PUT, &path, Some(&json!({"role": role}))))?;
            done(context, "set");
        }
    }
    Ok(())
}

pub(super) fn ask(context: &Context, method: Method, path: &str, body: Option<&Value>) -> Outcome<Value> {
    block_on(async {
        let (_, api) = signed_in(context).await?;
        api.ask(method, path, body).await
    })
}

fn sessions(context: &Context, listed: &Value) {
    let items = listed["items"].as_array().cloned().unwrap_or_default();
    items.iter().for_each(|item| context.out.value(item));
    let text = |item: &Value, key: &str| item[key].as_str().unwrap_or_default().to_owned();
    let row = |item: &Value| {
        let here = if item["current"] == true { "this one" } else { "" };
        [text(item, "id"), text(item, "refreshed_at"), text(item, "expires_at"), here.to_owned()]
    };
    context.out.table(["SIGN-IN", "LAST USED", "OVER", ""], &items.iter().map(row).collect::<Vec<_>>());
}

pub(super) fn done(context: &Context, what: &str) {
    context.out.value(&json!({ what: true }));
    context.out.line(what);
}
