//! The second factor of one's own account.

use clap::Subcommand;

use super::super::{Context, ask};
use super::own::{as_me, done};
use super::{code, password};
use crate::failure::Outcome;

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
            let state = as_me(context, async |api| api.second_factor().await)?;
            context.out.value(&state);
            context.out.line(match &state.since {
                None => "off; `stadion account second-factor enrol` begins one".to_owned(),
                Some(since) => format!("on since {since}; {} recovery codes left", state.recovery_codes_left),
            });
        }
        Some(SecondFactor::Enrol) => {
            let password = password()?;
            let begun = as_me(context, async |api| api.enrol_second_factor(&password).await)?;
            context.out.value(&begun);
            context.out.line(format!("secret  {}", begun.secret));
            context.out.line(format!("uri     {}", begun.uri));
            context.out.note("give it to an authenticator app, then: stadion account second-factor confirm CODE");
        }
        Some(SecondFactor::Confirm { code }) => {
            let on = as_me(context, async |api| api.confirm_second_factor(code).await)?;
            context.out.value(&on);
            on.recovery_codes.iter().for_each(|code| context.out.line(code));
            context.out.note("on; each of these signs in once without the app: keep them, they are not shown again");
        }
        Some(SecondFactor::Remove) => {
            let (password, code) = (password()?, code()?);
            as_me(context, async |api| api.remove_second_factor(&password, &code).await)?;
            done(context, "removed");
        }
        Some(SecondFactor::Reset { id }) => {
            ask(context.api()?.reset_second_factor(id))?;
            done(context, "reset");
        }
    }
    Ok(())
}
