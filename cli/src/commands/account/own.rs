//! What becomes of one's own account: sign-ins, password, export, deletion; and of others' roles, for operators.

use clap::Subcommand;
use serde_json::json;

use super::super::{Context, ask, block_on};
use super::second_factor::{self, SecondFactor};
use super::{another_password, password};
use crate::account::{Account, signed_in};
use crate::api::{Api, Error, SignIn};
use crate::failure::{Failure, Outcome};

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
        Own::Sessions => sessions(context, &as_me(context, async |api| api.sign_ins().await)?),
        Own::EndSession { id } => {
            as_me(context, async |api| api.end_sign_in(id).await)?;
            done(context, "ended");
        }
        Own::Password => {
            let current = password()?;
            context.out.note("now the new one");
            let new = another_password()?;
            as_me(context, async |api| api.change_password(&current, &new).await)?;
            done(context, "changed");
        }
        Own::SecondFactor { what } => second_factor::run(what.as_ref(), context)?,
        Own::Unlink { provider } => {
            as_me(context, async |api| api.unlink_identity(provider).await)?;
            done(context, "unlinked");
        }
        Own::Export => {
            let export = as_me(context, async |api| api.export().await)?;
            let export = serde_json::to_value(export).map_err(|error| Failure::failed(error.to_string()))?;
            context.out.raw(&format!("{export:#}\n"));
        }
        Own::Delete { confirm } => {
            let password = password()?;
            as_me(context, async |api| api.delete_account(confirm, &password).await)?;
            Account::forget()?;
            done(context, "deleted");
        }
        Own::Role { id, role } => {
            ask(context.api()?.set_role(id, role))?;
            done(context, "set");
        }
    }
    Ok(())
}

/// Asks as whoever is signed in here.
pub(super) fn as_me<T>(context: &Context, call: impl AsyncFnOnce(&Api) -> Result<T, Error>) -> Outcome<T> {
    block_on(async {
        let (_, api) = signed_in(context).await?;
        Ok(call(&api).await?)
    })
}

fn sessions(context: &Context, listed: &[SignIn]) {
    listed.iter().for_each(|one| context.out.value(one));
    let row = |one: &SignIn| {
        let here = if one.current { "this one" } else { "" };
        [one.id.clone(), one.refreshed_at.clone(), one.expires_at.clone(), here.to_owned()]
    };
    context.out.table(["SIGN-IN", "LAST USED", "OVER", ""], &listed.iter().map(row).collect::<Vec<_>>());
}

pub(super) fn done(context: &Context, what: &str) {
    context.out.value(&json!({ what: true }));
    context.out.line(what);
}
