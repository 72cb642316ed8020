//! The REST API as the commands use it: [`stadion_api`], whose errors become [`Failure`]s that name the fix. Nothing here prints.

use std::time::Duration;

use reqwest::StatusCode;
use stadion_api::{Patience, Refusal, Server};

pub(crate) use stadion_api::{
    Api, Bundle, Channel, Claimed, Delivery, Difference, DifferingOutput, Error, Events, Expected, FailureInfo,
    Finding, Followed, Happened, Hears, Key, LogLine, MatchInfo, MatchUsage, NewKey, OpenMatch, Party, PlayedMatch,
    PlayerReport, Published, PublishedBundle, Quarantine, Seat, Shelf, SignIn, SignedIn, Upgraded, UploadWord, Usage,
    UsageSums, Wanted, WantedWebhook, Webhook,
};

use crate::config::Target;
use crate::failure::{Failure, Kind};

/// Somebody waits at the terminal: a server that is busy for a moment is asked again, one that does not answer is said to be
/// gone.
const PATIENCE: Patience = Patience { busy: 2, lost: 0, longest: Duration::from_secs(5) };

const AGENT: &str = concat!("stadion/", env!("CARGO_PKG_VERSION"));

/// The server that a command talks to.
pub(crate) fn connect(target: &Target) -> Result<Api, Failure> {
    let tls = stadion_client::https(&target.server).map_err(|error| Failure::failed(error.to_string()))?;
    let server = Server::at(&target.server).with_tls(tls).with_agent(AGENT).with_patience(PATIENCE);
    let server = match &target.key {
        Some(key) => server.with_bearer(key),
        None => server,
    };
    Ok(Api::new(&server)?)
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        let message = error.to_string();
        match error {
            Error::Unreachable { .. } => Failure::new(Kind::Unreachable, message)
                .fix("start a server with `stadion serve`, or name another with --server"),
            Error::Refused(refusal) => refused(&refusal, message),
            Error::Unexpected { .. } => Failure::failed(message).fix("is it a Stadion server, of this version?"),
            Error::Unaddressable { .. } => Failure::usage(message),
            Error::Client(_) | Error::TooMuch => Failure::failed(message),
        }
    }
}

/// What an answer that is no success means for the person at the terminal.
fn refused(refusal: &Refusal, message: String) -> Failure {
    match refusal.status {
        StatusCode::NOT_FOUND => Failure::new(Kind::NotFound, message),
        StatusCode::UNAUTHORIZED if !refusal.had_bearer => Failure::new(Kind::Refused, message)
            .fix("give a developer key with --key or STADION_KEY; `stadion serve` prints one"),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Failure::new(Kind::Refused, message)
            .fix("use the key of this server and of the game's owner (--key, STADION_KEY)"),
        status if status.is_client_error() => Failure::new(Kind::Refused, message),
        _ => Failure::failed(message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_is_no_success_has_the_exit_code_of_its_kind() {
        let problem = r#"{"title":"No such game","detail":"there is no game \"x\"","status":404}"#;
        let refusal = |status, had_bearer, body| {
            let problem = serde_json::from_str(body).ok();
            Error::Refused(Box::new(Refusal { status, problem, request_id: None, retry_after: None, had_bearer }))
        };
        for (status, had_bearer, kind) in [
            (StatusCode::NOT_FOUND, true, Kind::NotFound),
            (StatusCode::UNAUTHORIZED, false, Kind::Refused),
            (StatusCode::TOO_MANY_REQUESTS, true, Kind::Refused),
            (StatusCode::UNPROCESSABLE_ENTITY, true, Kind::Refused),
            (StatusCode::BAD_GATEWAY, true, Kind::Failed),
        ] {
            let failure = Failure::from(refusal(status, had_bearer, problem));
            assert_eq!(failure.kind, kind, "{status}");
            assert_eq!(failure.message, "there is no game \"x\"");
        }
        let stranger = Failure::from(refusal(StatusCode::UNAUTHORIZED, false, ""));
        assert!(stranger.fix.is_some_and(|fix| fix.contains("--key")));
    }
}
