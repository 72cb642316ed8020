//! `stadion account`: who plays at this terminal, and what becomes of the account.

mod own;
mod second_factor;

use std::io::BufRead;

use clap::{Args, Subcommand};
use crossterm::event::{Event, KeyCode, KeyModifiers};
use serde_json::json;

use super::{Context, ask, block_on};
use crate::account::{Account, signed_in};
use crate::api;
use crate::config::Target;
use crate::failure::{Failure, Outcome};
use crate::output::on_a_terminal;

/// Registers and signs in who plays at this terminal.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stadion account register ann           asks for a password, makes the account, signs in
  stadion account sign-in ann
  stadion account                        who is signed in
  stadion account sign-out --everywhere
  stadion account sessions               where the account is signed in
  stadion account password               asks for the present and the new one; ends every other sign-in
  stadion account second-factor enrol    begins a second factor: a secret for an authenticator app
  stadion account unlink acme            the identity provider acme signs nobody in to it any more
  stadion account export > me.json       everything that is kept about the account
  stadion account delete p-5f1c0ad2b6e94c1d01020304
  stadion account role p-5f1c0ad2b6e94c1d01020304 developer --key dev-...   with the key in operator.key
  echo \"$PASSWORD\" | stadion account sign-in ann

The password is asked for on a terminal; elsewhere it is the first line of stdin, or STADION_PASSWORD. So is a code of the second
factor: elsewhere it is the next line, or STADION_CODE.")]
pub(crate) struct AccountArgs {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Makes an account and signs in.
    Register {
        /// What it signs in with and what others see: 3 to 32 characters of a-z, A-Z, 0-9, _, - and .
        name: String,
    },
    /// Signs in.
    SignIn {
        /// As it was registered.
        name: String,
    },
    /// Makes the tokens of this terminal void.
    SignOut {
        /// End every sign-in of the account, on every machine.
        #[arg(long)]
        everywhere: bool,
    },
    #[command(flatten)]
    Own(own::Own),
}

pub(crate) fn run(args: &AccountArgs, context: &Context) -> Outcome {
    let server = context.target()?.server;
    let nobody = || api::connect(&Target { server: server.clone(), key: None });
    match &args.what {
        None => {
            let (account, _) = block_on(signed_in(context))?;
            tell(context, &account);
        }
        Some(What::Register { name }) => {
            let password = password()?;
            tell(context, &Account::keep(&server, ask(nobody()?.register(name, &password))?)?);
        }
        Some(What::SignIn { name }) => {
            let password = password()?;
            let nobody = nobody()?;
            let signed_in = match block_on(async { Ok(nobody.sign_in(name, &password).await) })? {
                Ok(signed_in) => signed_in,
                Err(error) => {
                    let Some(challenge) = challenge(&error) else { return Err(error.into()) };
                    ask(nobody.answer_challenge(challenge, &code()?))?
                }
            };
            tell(context, &Account::keep(&server, signed_in)?);
        }
        Some(What::SignOut { everywhere }) => {
            let (_, api) = block_on(signed_in(context))?;
            if *everywhere { ask(api.sign_out_everywhere()) } else { ask(api.sign_out()) }?;
            Account::forget()?;
            context.out.note(if *everywhere { "signed out everywhere" } else { "signed out" });
        }
        Some(What::Own(own)) => own::run(own, context)?,
    }
    Ok(())
}

/// What the second step of signing in brings back, where the account has a second factor.
fn challenge(error: &api::Error) -> Option<&str> {
    error.refusal()?.problem.as_ref()?.challenge.as_deref()
}

fn tell(context: &Context, account: &Account) {
    context.out.value(&json!({"account": account.id, "name": account.name, "server": account.server}));
    context.out.line(format!("{} on {}", account.name, account.server));
}

fn password() -> Outcome<String> {
    if let Some(password) = crate::config::env("STADION_PASSWORD") {
        return Ok(password);
    }
    another_password()
}

/// One that is not in the environment: of two, that is the second.
fn another_password() -> Outcome<String> {
    if on_a_terminal() {
        return typed("password: ");
    }
    line().map_err(|failure| failure.fix("write it as the first line of stdin, or set STADION_PASSWORD"))
}

/// A code of the second factor, or a recovery code.
fn code() -> Outcome<String> {
    if let Some(code) = crate::config::env("STADION_CODE") {
        return Ok(code);
    }
    if on_a_terminal() {
        return typed("code of the second factor: ");
    }
    line().map_err(|failure| failure.fix("write it as the next line of stdin, or set STADION_CODE"))
}

fn line() -> Outcome<String> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(|error| Failure::failed(format!("stdin: {error}")))?;
    let line = line.trim_end_matches(['\r', '\n']);
    if line.is_empty() {
        return Err(Failure::usage("stdin is over: a password or a code is missing"));
    }
    Ok(line.to_owned())
}

/// From the terminal, without showing it.
fn typed(question: &str) -> Outcome<String> {
    let failed = |error: std::io::Error| {
        Failure::failed(format!("this terminal: {error}")).fix("set STADION_PASSWORD and STADION_CODE")
    };
    // First: whatever is typed once the question stands there is not shown.
    crossterm::terminal::enable_raw_mode().map_err(failed)?;
    let asked = crossterm::execute!(std::io::stderr(), crossterm::style::Print(question));
    let read = asked.and_then(|()| read_hidden());
    crossterm::terminal::disable_raw_mode().map_err(failed)?;
    crossterm::execute!(std::io::stderr(), crossterm::style::Print("\n")).map_err(failed)?;
    read.map_err(failed)?.ok_or_else(|| Failure::failed("interrupted"))
}

/// `None`: the user gave up.
fn read_hidden() -> std::io::Result<Option<String>> {
    let mut password = String::new();
    loop {
        let Event::Key(key) = crossterm::event::read()? else { continue };
        if !key.is_press() {
            continue;
        }
        match key.code {
            KeyCode::Enter => return Ok(Some(password)),
            KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => return Ok(None),
            KeyCode::Esc => return Ok(None),
            KeyCode::Backspace => {
                password.pop();
            }
            KeyCode::Char(c) => password.push(c),
            _ => {}
        }
    }
}
