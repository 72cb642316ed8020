//! The second factor of one's own account.

use clap::Subcommand;
use reqwest::Method;
use serde_json::{Value, json};

use super::super::{Context, block_on};
use super::own::{ask, done};
use super::{code, password};
use crate::failure::Outcome;

const PATH: &str = "/v1/me/second-factor";

#[derive(Debug, Subcommand)]
pub(super) enum SecondFactor {
    /// Makes a secret for an authenticator app. Signing in asks for codes once it is confirmed.
    #[command(after_help = "\
Examples:
  stadion account second-factor enrol          asks for the password, prints what to type into the app
  stadion account second-factor enrol --json | jq -r .uri | qrencode -t utf8
  stadion account second-factor confirm 287082")]
    Enrol,
    /// Turns it on with a code of the app, ends every other sign-in, and prints recovery codes.
    #[command(after_help = "\
Examples:
  stadion account second-factor confirm 287082
  stadion account second-factor confirm 287082 --json | jq -r '.recovery_codes[]' > recovery.txt")]
    Confirm {
        /// What the app shows.
        code: String,
    },
    /// Takes it away: with the password and a code, each asked for or a line of stdin.
    #[command(after_help = "\
Examples:
  stadion account second-factor remove
  printf '%s\\n' \"$PASSWORD\" 287082 | stadion account second-factor remove")]
    Remove,
    /// Takes somebody's away who has lost app and recovery codes, and ends their sign-ins (for operators, with --key).
    #[command(after_help = "\
Examples:
  stadion account second-factor reset p-5f1c0ad2b6e94c1d01020304 --key dev-...    with the key in operator.key")]
    Reset {
        /// The account's id.
        id: String,
    },
}

pub(super) fn run(what: Option<&SecondFactor>, context: &Context) -> Outcome {
    match what {
        None => {
            let state = ask(context, Method::GET, PATH, None)?;
            context.out.value(&state);
            context.out.line(match text(&state, "since") {
                "" => "off; `stadion account second-factor enrol` begins one".to_owned(),
                since => format!("on since {since}; {} recovery codes left", state["recovery_codes_left"]),
            });
        }
        Some(SecondFactor::Enrol) => {
            let begun = ask(context, Method::POST, PATH, Some(&json!({"password": password()?})))?;
            context.out.value(&begun);
            context.out.line(format!("secret  {}", text(&begun, "secret")));
            context.out.line(format!("uri     {}", text(&begun, "uri")));
            context.out.note("give it to an authenticator app, then: stadion account second-factor confirm CODE");
        }
        Some(SecondFactor::Confirm { code }) => {
            let on = ask(context, Method::POST, &format!("{PATH}/confirm"), Some(&json!({"code": code})))?;
            context.out.value(&on);
            let codes = on["recovery_codes"].as_array().into_iter().flatten();
            codes.filter_map(Value::as_str).for_each(|code| context.out.line(code));
            context.out.note("on; each of these signs in once without the app: keep them, they are not shown again");
        }
        Some(SecondFactor::Remove) => {
            let body = json!({"password": password()?, "code": code()?});
            ask(context, Method::POST, &format!("{PATH}/remove"), Some(&body))?;
            done(context, "removed");
        }
        Some(SecondFactor::Reset { id }) => {
            let path = format!("/v1/accounts/{id}/second-factor");
            block_on(context.api()?.ask(Method::DELETE, &path, None))?;
            done(context, "reset");
        }
    }
    Ok(())
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}
